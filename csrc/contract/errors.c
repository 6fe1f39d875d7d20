/* errors.c - what Tavus means by a status and a text. Many conditions are answered with
** 400 and a text, so rows with a text come first. */
#include "contract.h"

#define CHECK_KEY \
  "check the API key (option api_key, or TAVUS_API_KEY); a key can also be " \
  "tied to a list of IP addresses"

/* The answer to an unknown id is 400 with "Invalid <thing>_id". */
#define UNKNOWN(name, hint) { 400, 400, "Invalid " name, "not_found", hint }
#define NO_PERSONA \
  "no persona of this account has that id, or it may not be edited"
#define NO_REPLICA \
  "no replica has that id; a replica's id usually begins with r"
#define NO_CALL "no conversation of this account has that id"

const tavus_error_row tavus_error_rows[] = {
  { 401, 401, NULL, "auth", CHECK_KEY },
  { 400, 400, "Invalid access token", "auth", CHECK_KEY },
  { 402, 402, NULL, "payment", "the account is out of credits" },
  { 400, 403, "out of conversational credits", "payment",
    "the account is out of credits" },
  { 400, 429, "maximum concurrent conversations", "concurrency_limit",
    "end a conversation that still runs, then try again" },
  UNKNOWN("persona_id", NO_PERSONA), UNKNOWN("persona_uuid", NO_PERSONA),
  UNKNOWN("pal_id", NO_PERSONA), UNKNOWN("pal_uuid", NO_PERSONA),
  UNKNOWN("replica_uuid", NO_REPLICA), UNKNOWN("replica_id", NO_REPLICA),
  UNKNOWN("face_id", "no face has that id"),
  UNKNOWN("face_uuid", "no face has that id"),
  UNKNOWN("conversation_id", NO_CALL), UNKNOWN("conversation_uuid", NO_CALL),
  UNKNOWN("<thing>_id", NULL), UNKNOWN("<thing>_uuid", NULL),
  { 400, 400, "Objectives not found", "not_found", NULL },
  { 400, 400, "custom llm", "bad_request",
    "a custom llm needs model, base_url and api_key together, in every patch "
    "that rewrites the llm layer too" },
  { 403, 403, NULL, "permission",
    "the key may not do this, or not from this IP address" },
  { 404, 404, NULL, "not_found", NULL },
  { 408, 408, NULL, "timeout", NULL },
  { 409, 409, "maker_changes", "conflict",
    "the builder holds a draft; repeat with the query force = true to drop it" },
  { 409, 409, NULL, "conflict",
    "it is in another state; where the body names a conflict with the builder's "
    "draft, the query force = true drops the draft" },
  { 410, 410, NULL, "not_found", NULL },
  { 422, 422, "Invalid JSON patch format", "unprocessable",
    "PATCH takes an array of operations, see tavus.patch" },
  { 422, 422, NULL, "unprocessable", NULL },
  { 429, 429, NULL, "rate_limit", NULL },
  { 400, 499, NULL, "bad_request", NULL },
  { 500, 599, NULL, "server", NULL },
  { 0, 0, NULL, NULL, NULL }
};
