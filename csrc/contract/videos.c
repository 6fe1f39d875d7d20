/* videos.c - videos in which a replica speaks a script or a recording. */
#include "rows.h"

static const tavus_choice scroll_types[] = {
  { "human", NULL }, { "smooth", NULL }, { NULL, NULL }
};
static const tavus_choice scroll_depths[] = {
  { "middle", NULL }, { "bottom", NULL }, { NULL, NULL }
};
static const tavus_choice scroll_returns[] = {
  { "return", NULL }, { "halt", NULL }, { NULL, NULL }
};

static const tavus_field property_fields[] = {
  { TAVUS_NAME("background_scroll"), B, .generation = "?",
    .text = "Scroll the web site behind the replica; true by default." },
  { TAVUS_NAME("background_scroll_depth"), S, .choices = scroll_depths,
    .generation = "?", .text = "How far: middle or bottom." },
  { TAVUS_NAME("background_scroll_return"), S, .choices = scroll_returns,
    .generation = "?", .text = "What it does at the end: return or halt." },
  { TAVUS_NAME("background_scroll_type"), S, .choices = scroll_types,
    .generation = "?", .text = "How: human or smooth." },
  { TAVUS_NAME("start_with_wave"), B, .generation = "?",
    .text = "Begin with a wave; true by default, for some stock replicas." }
};

static const tavus_shape properties = {
  .name = "video_properties", LIST(property_fields)
};

static const tavus_choice states[] = {
  { "queued", NULL }, { "generating", NULL }, { "ready", NULL }, { "deleted", NULL },
  { "error", NULL }, { NULL, NULL }
};

#define ANSWERED S, READ_ONLY, .generation = "?"

static const tavus_field fields[] = {
  { TAVUS_NAME("audio_url"), S, PUBLIC_URL, .generation = "?",
    .text = "The recording to speak, .wav or .mp3; or give a script." },
  { TAVUS_NAME("background_source_url"), S, PUBLIC_URL, .generation = "?",
    .text = "A video file as background." },
  { TAVUS_NAME("background_url"), S, PUBLIC_URL, .generation = "?",
    .text = "A web site as background." },
  { TAVUS_NAME("callback_url"), S, PUBLIC_URL, .generation = "?",
    .text = "Where it is said that the video is ready." },
  { TAVUS_NAME("created_at"), ANSWERED, .text = "When it was made." },
  { TAVUS_NAME("data"), .types = TAVUS_OBJECT_TYPE, READ_ONLY, .generation = "?",
    .text = "What it was made from." },
  { TAVUS_NAME("download_url"), ANSWERED, .text = "Where to load it, when ready." },
  { TAVUS_NAME("error_details"), ANSWERED, .text = "Why it failed." },
  { TAVUS_NAME("face_id"), S, SURE(B), .generation = "G4", .id_of = "replica",
    .twin = "replica_id", .flags = TAVUS_TWIN_ALLOWED,
    .text = "The face that speaks, by its newer name." },
  { TAVUS_NAME("fast"), B, .generation = "?",
    .text = "Plain rendering, without background and thumbnails." },
  { TAVUS_NAME("generation_progress"), ANSWERED, .text = "As in 37/100." },
  { TAVUS_NAME("gif_thumbnail_url"), ANSWERED, .text = "In verbose answers." },
  { TAVUS_NAME("hosted_url"), ANSWERED, .text = "Where to watch it." },
  { TAVUS_NAME("properties"), OBJECT_OF(properties), .generation = "?",
    .text = "How the background moves." },
  { TAVUS_NAME("replica_id"), S, .generation = "?", .id_of = "replica",
    .text = "The replica that speaks." },
  { TAVUS_NAME("script"), S, .generation = "?",
    .text = "What it says; or give an audio_url." },
  { TAVUS_NAME("status"), ANSWERED, .choices = states,
    .text = "queued, generating, ready, deleted or error." },
  { TAVUS_NAME("status_details"), ANSWERED, .text = "More about the status." },
  { TAVUS_NAME("still_image_thumbnail_url"), ANSWERED, .text = "In verbose answers." },
  { TAVUS_NAME("stream_url"), ANSWERED, .text = "Where to stream it, when ready." },
  { TAVUS_NAME("transparent_background"), B, .generation = "?",
    .text = "A .webm without background; needs fast." },
  { TAVUS_NAME("updated_at"), ANSWERED, .text = "When it last changed." },
  { TAVUS_NAME("video_id"), ANSWERED, .text = "Its id." },
  { TAVUS_NAME("video_name"), S, .generation = "?", .text = "Its name." },
  { TAVUS_NAME("watermark_image_url"), S, PUBLIC_URL, .generation = "?",
    .text = "A png or jpeg to show on it." }
};

static const tavus_alias aliases[] = {
  { "audio", TO("audio_url") },
  { "background", TO("background_url") },
  { "background_scroll", TO("properties/background_scroll") },
  { "name", TO("video_name") },
  { "replica", TO("replica_id") },
  { "start_with_wave", TO("properties/start_with_wave") },
  { "text", TO("script") },
  { "transcript", TO("script") },
  { "watermark_url", TO("watermark_image_url") },
  { "webhook_url", TO("callback_url") },
  { NULL, NULL, NULL }
};

#define FAST .when = "fast", .values = WORDS("true")

static const tavus_rule rules[] = {
  { .kind = TAVUS_RULE_ONE_OF, .error = true, .field = "replica_id",
    .fields = WORDS("replica_id", "face_id"), .message = "a video needs a replica",
    .hint = "give replica_id, or face_id" },
  { .kind = TAVUS_RULE_ONE_OF, .error = true, .field = "script",
    .fields = WORDS("script", "audio_url"),
    .message = "a video needs something to say", .hint = "give script or audio_url" },
  { .kind = TAVUS_RULE_NOT_WITH, .error = true, .when = "script",
    .fields = WORDS("audio_url"),
    .message = "a video takes script or audio_url, not both" },
  { .kind = TAVUS_RULE_ONE_NAMING, .message = "old and new names in one body",
    .hint = "use replica_id or face_id" },
  { .kind = TAVUS_RULE_WHEN, .error = true, .field = "fast",
    .when = "transparent_background", .message = "transparent_background needs fast",
    .hint = "add fast = true" },
  { .kind = TAVUS_RULE_NOT_WITH, .error = true, .when = "fast", .values = WORDS("false"),
    .fields = WORDS("transparent_background"),
    .message = "transparent_background needs fast", .hint = "set fast = true" },
  { .kind = TAVUS_RULE_NOT_WITH, FAST,
    .fields = WORDS("background_url", "background_source_url"),
    .message = "has no effect: fast renders no background" }
};

static const tavus_shape shape = {
  .name = "video", LIST(fields), .aliases = aliases, RULES(rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A video."
};

static const tavus_states video_states = {
  .field = "status", .path = WORDS("queued", "generating"), .ready = "ready",
  .failed = WORDS("error", "deleted"),
  .reasons = WORDS("error_details", "status_details"),
  .progress = "generation_progress"
};

TEXT_BODY(video_rename, "video_name", "The new name of the video.", )

#define ALL "/v2/videos"
#define ONE "/v2/videos/{video_id}"

static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = ALL, .sends = TAVUS_SENDS_OBJECT,
    .kind = "video", .at = TAVUS_AT_ANY },
  { .name = "list", .method = "GET", .path = ALL, .answers = TAVUS_ANSWERS_LIST,
    .repeats = TAVUS_READ, .paging = TAVUS_PAGES_FROM_0,
    .query = WORDS("limit", "page") },
  /* A row has a member data of its own. */
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ, .query = WORDS("verbose") },
  { .name = "rename", .method = "PATCH", .path = ONE "/name",
    .sends = TAVUS_SENDS_OBJECT, .kind = "video_patch", .body = &video_rename_body,
    .wraps = "video_name", .answers = TAVUS_ANSWERS_NOTHING,
    .repeats = TAVUS_SAME },
  { .name = "delete", .method = "DELETE", .path = ONE, DELETED,
    .status = 200, .query = WORDS("hard") }
};

const tavus_resource tavus_videos = {
  .name = "video", .collection = "videos", .id_field = "video_id", .name_field = "video_name",
  .text = "A video in which a replica speaks.", .root = &root,
  .states = &video_states, .operations = operations,
  .operation_count = TAVUS_COUNT(operations)
};
