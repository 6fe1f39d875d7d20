/* documents.c - documents that personas may consult: files and web sites. */
#include "rows.h"

#define ANSWER(its, kinds, words) { TAVUS_NAME(its), .types = kinds, READ_ONLY, \
  .generation = "G2+", .text = words }

static const tavus_field crawl_fields[] = {
  { TAVUS_NAME("depth"), I, .generation = "G2+", .has_minimum = true, .minimum = 1,
    .has_maximum = true, .maximum = 10, .text = "How many links deep." },
  { TAVUS_NAME("max_pages"), I, .generation = "G2+", .has_minimum = true,
    .minimum = 1, .has_maximum = true, .maximum = 100, .text = "How many pages." }
};

static const tavus_shape crawl = SHAPE(crawl, .looks = "{ depth = 2, max_pages = 20 }");

#define CRAWL { TAVUS_NAME("crawl"), OBJECT_OF(crawl), .generation = "G2+", \
  .text = "How a web site is read." }

static const tavus_choice states[] = {
  { "started", NULL }, { "processing", NULL }, { "ready", NULL }, { "error", NULL },
  { "recrawling", NULL }, { NULL, NULL }
};

static const tavus_field fields[] = {
  { TAVUS_NAME("callback_url"), S, .generation = "G2+", .flags = TAVUS_PUBLIC_URL,
    .text = "Who is told when its status changes." },
  CRAWL,
  ANSWER("crawl_config", TAVUS_ANY, "How its web site is read."),
  ANSWER("crawl_count", TAVUS_ANY, "How often it was read."),
  ANSWER("crawled_urls", TAVUS_ANY, "The pages that were read."),
  ANSWER("created_at", TAVUS_STRING, "When it was made."),
  { TAVUS_NAME("display_status"), S, READ_ONLY, SURE(C), .generation = "G5",
    .text = "ready or disabled." },
  ANSWER("document_id", TAVUS_STRING, "Its id."),
  { TAVUS_NAME("document_name"), S, .generation = "G2+",
    .text = "Its name; made up when it is missing." },
  { TAVUS_NAME("document_url"), S, .generation = "G2+", .flags = TAVUS_PUBLIC_URL,
    .text = "A public file or web site." },
  ANSWER("error_message", TAVUS_ANY, "Why it could not be read: a code."),
  ANSWER("last_crawled_at", TAVUS_ANY, "When it was last read."),
  ANSWER("progress", TAVUS_ANY, "How far it is, in percent."),
  { TAVUS_NAME("status"), S, READ_ONLY, .generation = "G2+", .choices = states,
    .label = "a status", .text = "started, processing, ready, error or recrawling." },
  { TAVUS_NAME("tags"), STRINGS, .generation = "G2+",
    .text = "Words to find it by; a change replaces all." },
  ANSWER("updated_at", TAVUS_STRING, "When it last changed.")
};

static const tavus_rule rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "document_url",
    .message = "document_url is missing",
    .hint = "Tavus takes neither text nor uploads: give the address of a public file or "
            "web site" }
};

static const tavus_alias aliases[] = {
  { "content", SAY("Tavus takes no text: put it where document_url can point") },
  { "document_text", SAY("Tavus takes no text: put it where document_url can point") },
  { "file", SAY("Tavus takes no upload: put it where document_url can point") },
  { "name", TO("document_name") },
  { "text", SAY("Tavus takes no text: put it where document_url can point") },
  { "url", TO("document_url") },
  { NULL, NULL, NULL }
};

static const tavus_shape shape = {
  .name = "document", .fields = fields, .count = TAVUS_COUNT(fields),
  .aliases = aliases, RULES(rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A document."
};

/* What a change and a recrawl may hold. */

static const tavus_field document_patch_fields[] = {
  { TAVUS_NAME("document_name"), S, .generation = "G2+", .text = "Its name." },
  { TAVUS_NAME("tags"), STRINGS, .generation = "G2+", .text = "All of its tags." }
};

static const tavus_shape document_patch = SHAPE(
  document_patch, .stray = "only document_name and tags can be changed",
  .looks = "{ document_name = \"Guide\" }");

static const tavus_field patch_body = {
  .types = TAVUS_OBJECT_TYPE, .shape = &document_patch, .text = "A change of a document."
};

static const tavus_field recrawl_fields[] = { CRAWL };

static const tavus_shape recrawl = SHAPE(
  recrawl, .looks = "{ crawl = { depth = 2, max_pages = 20 } }");

static const tavus_field recrawl_body = {
  .types = TAVUS_OBJECT_TYPE, .shape = &recrawl, .text = "How to read it this time."
};

/* Neither goes away by waiting a moment: a quota, and an hour. */
static const tavus_exception quota[] = {
  { 429, "document limit", TAVUS_FINAL }, { 0, NULL, TAVUS_SAFE }
};
static const tavus_exception cooldown[] = {
  { 429, "cooldown", TAVUS_FINAL }, { 0, NULL, TAVUS_SAFE }
};

static const tavus_states document_states = {
  .field = "status", .path = WORDS("started", "processing"),
  .ready = "ready", .failed = WORDS("error"), .reasons = WORDS("error_message"),
  .progress = "progress"
};

#define ONE "/v2/documents/{document_id}"

static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = "/v2/documents",
    .sends = TAVUS_SENDS_OBJECT, .kind = "document", .at = TAVUS_AT_ANY,
    .exceptions = quota },
  { .name = "list", .method = "GET", .path = "/v2/documents",
    .answers = TAVUS_ANSWERS_LIST, .repeats = TAVUS_READ,
    .paging = TAVUS_PAGES_FROM_0,
    .query = WORDS("limit", "page", "sort", "status", "name_or_uuid", "tags") },
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ },
  { .name = "patch", .method = "PATCH", .path = ONE, .sends = TAVUS_SENDS_PARTIAL,
    .kind = "document_patch", .body = &patch_body, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_SAME },
  { .name = "recrawl", .method = "POST", .path = ONE "/recrawl",
    .sends = TAVUS_SENDS_OBJECT, .kind = "recrawl", .body = &recrawl_body,
    .optional = true, .status = 202, .at = TAVUS_AT_ANY, .repeats = TAVUS_DONE,
    .done = WORDS("conflict", "rate_limit"), .exceptions = cooldown },
  { .name = "delete", .method = "DELETE", .path = ONE,
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found") }
};

const tavus_resource tavus_documents = {
  .name = "document", .collection = "documents", .id_field = "document_id", .name_field = "document_name",
  .text = "A file or web site that personas may consult.", .root = &root,
  .states = &document_states,
  .operations = operations, .operation_count = TAVUS_COUNT(operations)
};
