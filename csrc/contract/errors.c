/* errors.c - what Tavus means by a status and a text. Many conditions are answered with
** 400 and a text, so rows with a text come first. */
#include "contract.h"

#define CHECK_KEY \
  "check the API key (option api_key, or TAVUS_API_KEY); a key can also be " \
  "tied to a list of IP addresses"

/* The answer to an unknown id is 400 with "Invalid <thing>_id". */
#define UNKNOWN(name, hint) { 400, 400, "Invalid " name, "not_found", hint, NULL }
#define NO_PERSONA \
  "no persona of this account has that id, or it may not be edited; " \
  "client.personas:find(name) finds one by its name"
#define NO_REPLICA \
  "no replica has that id; a replica's id usually begins with r"
#define TOO_MANY_CALLS "end a conversation that still runs, then try again"
#define NO_CALL "no conversation of this account has that id; " \
  "client.conversations:find(name) finds one by its name"

/* A call on a conversation that has ended. Its status differs. */
#define ENDED(text) { 400, 422, text, "bad_request", \
  "the conversation has ended: create a new one", "conversation_ended" }

/* A JSON Patch that does not fit, in the words of Python's libraries jsonpatch and
** jsonpointer. The status gives the type. */
#define MISFIT(text, hint) { 400, 599, text, NULL, hint, NULL }
#define UPDATE "update(id, fn), which reads first and sends what fits"
#define NO_PLACE "replace needs a place that exists: use add, or " UPDATE
#define NOTHING_THERE \
  "nothing is there to remove: leave this operation out, or use " UPDATE
#define NO_PARENT \
  "the path names a member that does not exist: add that member first, whole, or " \
  "use " UPDATE
#define SHORT_LIST \
  "the list has fewer items: add at \"/-\" appends one, or use " UPDATE
#define NO_POSITION \
  "the path goes through a list: name a position from 0 there; \"-\" is the place " \
  "after the last item, for add only"
#define NO_CONTAINER \
  "the path goes on below a value that is not an object or a list: end it there, or " \
  "use " UPDATE
#define AN_OPERATION(member) \
  MISFIT(member, "an operation is { op = \"replace\", path = \"/persona_name\", value " \
    "= ... }; the methods of tavus.patch() write it")

const tavus_error_row tavus_error_rows[] = {
  { 401, 401, NULL, "auth", CHECK_KEY, NULL },
  { 400, 400, "Invalid access token", "auth", CHECK_KEY, NULL },
  { 402, 402, NULL, "payment", "the account is out of credits", NULL },
  { 400, 403, "out of conversational credits", "payment",
    "the account is out of credits", NULL },
  { 400, 403, "concurrent", "concurrency_limit", TOO_MANY_CALLS, NULL },
  { 429, 429, "concurrent", "concurrency_limit", TOO_MANY_CALLS, NULL },
  UNKNOWN("persona_id", NO_PERSONA), UNKNOWN("persona_uuid", NO_PERSONA),
  UNKNOWN("pal_id", NO_PERSONA), UNKNOWN("pal_uuid", NO_PERSONA),
  UNKNOWN("replica_uuid", NO_REPLICA), UNKNOWN("replica_id", NO_REPLICA),
  UNKNOWN("face_id", "no face has that id"),
  UNKNOWN("face_uuid", "no face has that id"),
  UNKNOWN("conversation_id", NO_CALL), UNKNOWN("conversation_uuid", NO_CALL),
  UNKNOWN("<thing>_id", NULL), UNKNOWN("<thing>_uuid", NULL),
  { 400, 400, "Objectives not found", "not_found", NULL, NULL },
  { 400, 404, "Unknown skill '", "not_found",
    "the account has no skill of that name, or lacks its preview", NULL },
  { 400, 400, "Tool not attached to this PAL", "not_found", NULL, "not_attached" },
  { 400, 400, "default_face_id is required", "bad_request",
    "/v2/pals needs default_face_id: default_replica_id does not count there", NULL },
  { 409, 409, "or 'error' state to recrawl", "conflict",
    "wait until its status is ready or error, then try again", NULL },
  { 429, 429, "Recrawl cooldown", "rate_limit",
    "a document can be read again an hour after the last time", NULL },
  { 429, 429, "document limit reached", "rate_limit",
    "a quota, which waiting does not change: delete crawled documents, or ask Tavus "
    "for more", NULL },
  { 400, 400, "custom llm", "bad_request",
    "a custom llm needs model, base_url and api_key together, in every patch "
    "that rewrites the llm layer too", NULL },
  ENDED("already ended"), ENDED("already been ended"),
  ENDED("conversation has ended"), ENDED("conversation is not active"),
  ENDED("conversation is no longer active"),
  ENDED("only be sent to active conversations"), ENDED("room is no longer available"),
  MISFIT("can't replace a non-existent object", NO_PLACE),
  MISFIT("can't remove a non-existent object", NOTHING_THERE),
  MISFIT("member '<any>' not found in", NO_PARENT),
  MISFIT("<whole>'<thing>'", /* the missing member of a move or copy */
    "a member that move or copy takes from does not exist: correct \"from\", or use "
    UPDATE),
  MISFIT("can't insert outside of list", SHORT_LIST),
  MISFIT("can't replace outside of list", SHORT_LIST),
  MISFIT("index '<any>' is out of bounds", SHORT_LIST),
  MISFIT("list index out of range", SHORT_LIST),
  MISFIT("list assignment index out of range", SHORT_LIST),
  MISFIT("pop index out of range", SHORT_LIST),
  MISFIT("is not a valid sequence index", NO_POSITION),
  MISFIT("invalid array index", NO_POSITION),
  MISFIT("'path' with '-' can't be applied to 'replace'", NO_POSITION),
  MISFIT("unable to fully resolve json pointer", NO_CONTAINER),
  MISFIT("does not support indexing", NO_CONTAINER),
  MISFIT("is not equal to tested value",
    "the operation test found another value: get it again and make a new patch, or "
    "use " UPDATE),
  MISFIT("Cannot move values into their own children",
    "move cannot put a value below itself: copy it, or move it elsewhere"),
  MISFIT("Location must start with /",
    "a path begins with /, as in \"/layers/llm/model\""),
  MISFIT("Found invalid escape",
    "in a path, ~0 stands for ~ and ~1 for a / inside a name"),
  MISFIT("Document is expected to be sequence of operations",
    "PATCH takes an array of operations, see tavus.patch"),
  AN_OPERATION("Operation must have a 'path' member"), AN_OPERATION("Invalid 'path'"),
  AN_OPERATION("Operation does not contain 'op' member"),
  AN_OPERATION("Operation's op must be a string"), AN_OPERATION("Unknown operation '"),
  AN_OPERATION("The operation does not contain a 'value' member"),
  AN_OPERATION("The operation does not contain a 'from' member"),
  AN_OPERATION("Invalid patch operation"),
  { 403, 403, NULL, "permission",
    "the key may not do this, or not from this IP address", NULL },
  { 404, 404, NULL, "not_found", NULL, NULL },
  { 408, 408, NULL, "timeout", NULL, NULL },
  { 409, 409, "maker_changes", "conflict",
    "somebody's changes in the PAL Maker are not published, and would be lost: the query "
    "force = true drops them", NULL },
  { 409, 409, "used_by", "conflict",
    "point what uses it elsewhere, then delete it again", NULL },
  { 409, 409, "already exists", "conflict",
    "use the one that exists, or delete it first", NULL },
  { 409, 409, NULL, "conflict",
    "what is there stands against it: read it and decide. A patch of a persona may "
    "meet the builder's draft, which the query force = true drops", NULL },
  { 412, 412, NULL, "conflict",
    "it has changed since it was read: read it and try again", NULL },
  { 410, 410, NULL, "not_found", NULL, NULL },
  { 422, 422, "Invalid JSON patch format", "unprocessable",
    "PATCH takes an array of operations, see tavus.patch", NULL },
  { 422, 422, NULL, "unprocessable", NULL, NULL },
  { 429, 429, NULL, "rate_limit", NULL, NULL },
  { 400, 499, NULL, "bad_request", NULL, NULL },
  { 500, 599, NULL, "server", NULL, NULL },
  { 0, 0, NULL, NULL, NULL, NULL }
};
