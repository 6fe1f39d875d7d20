/* secrets.c - which names say that their value is secret, and which texts are the
** mask of a secret. The one table of such words in the library. */
#include "contract.h"

typedef struct entry {
  const char *text;
  unsigned char length;
} entry;

#define E(text) { text, sizeof(text) - 1 }

/* Names are compared as words: `X-Api-Key2` is "_x_api_key_". An entry without a
** leading "_" may also be the end of a longer word (`accesstoken`); "$" is the
** end of the name. */
static const entry secret[] = {
  E("secret_"), E("secrets_"), E("token_"), E("tokens_"), E("password_"),
  E("passwords_"), E("passwd_"), E("passphrase_"), E("passphrases_"), E("passcode_"),
  E("passcodes_"), E("pwd_"), E("_pass_$"), E("userpass_"), E("apikey_"), E("apikeys_"),
  E("auth_"), E("authorization_"), E("bearer_"), E("cookie_"), E("cookies_"),
  E("credential_"), E("credentials_"), E("creds_"), E("_signature_"), E("_signatures_"),
  E("_sig_"), E("_sigs_"), E("jwt_"), E("jwts_"), E("hmac_"), E("dsn_"), E("_otp_"),
  E("_totp_"), E("_csrf_"), E("_xsrf_"), E("connection_string_"),
  E("connection_strings_"), E("connectionstring_"), E("_conn_str_"), E("connstr_"),
  E("privatekey_"), E("secretkey_"), E("accesskey_"), E("signingkey_"), E("sshkey_"),
  E("encryptionkey_"), E("subscriptionkey_"), E("_key_$"), E("api_key_"),
  E("api_keys_"), E("private_key_"), E("private_keys_"), E("access_key_"),
  E("access_keys_"), E("signing_key_"), E("signing_keys_"), E("ssh_key_"),
  E("ssh_keys_"), E("encryption_key_"), E("encryption_keys_"), E("subscription_key_"),
  E("subscription_keys_"), E("license_key_"), E("master_key_"), E("shared_key_"),
  E("account_key_")
};

/* Each of those holds one of these: most names can be told at a glance. */
static const char stems[][4] = {
  "aut", "bea", "con", "coo", "cre", "csr", "dsn", "hma", "jwt", "key", "otp",
  "pas", "pwd", "sec", "sig", "tok", "xsr"
};

/* Names that hold such a word and no secret: limits and counts, what a token or
** a key is, the place in a list. */
static const entry harmless[] = {
  E("_key_id_"), E("_key_name_"), E("_key_type_"), E("_key_vault_"), E("max_tokens_"),
  E("maxtokens_"), E("min_tokens_"), E("total_tokens_"), E("prompt_tokens_"),
  E("completion_tokens_"), E("input_tokens_"), E("output_tokens_"), E("num_tokens_"),
  E("n_tokens_"), E("new_tokens_"), E("used_tokens_"), E("cached_tokens_"),
  E("reasoning_tokens_"), E("thinking_tokens_"), E("predicted_tokens_"),
  E("audio_tokens_"), E("text_tokens_"), E("image_tokens_"), E("video_tokens_"),
  E("special_tokens_"), E("stop_tokens_"), E("prediction_tokens_"),
  E("creation_tokens_"), E("read_tokens_"), E("details_tokens_"), E("tokens_per_"),
  E("tokens_used_"), E("tokens_details_"), E("_tokens_count_"), E("_tokens_limit_"),
  E("token_type_"), E("token_types_"), E("token_count_"), E("token_limit_"),
  E("token_usage_"), E("token_budget_"), E("token_length_"), E("token_price_"),
  E("token_cost_"), E("token_url_"), E("token_uri_"), E("token_endpoint_"),
  E("token_expires_"), E("token_expiry_"), E("token_expiration_"), E("token_ttl_"),
  E("token_lifetime_"), E("_bos_token_"), E("_eos_token_"), E("_pad_token_"),
  E("_unk_token_"), E("_sep_token_"), E("_cls_token_"), E("_mask_token_"),
  E("_stop_token_"), E("_special_token_"), E("_page_token_"), E("_next_token_"),
  E("_continuation_token_"), E("public_key_"), E("primary_key_"), E("foreign_key_"),
  E("sort_key_"), E("partition_key_"), E("cache_key_"), E("idempotency_key_"),
  E("object_key_"), E("group_key_"), E("answer_key_"), E("translation_key_"),
  E("password_policy_"), E("password_hint_"), E("cookie_policy_"), E("cookie_consent_"),
  E("signature_version_"), E("signature_algorithm_")
};

/* Objects of the API each of whose members is a secret; a spec compares them with
** the fields of the contract. */
static const char *const holders[] = { "default_query", "headers", NULL };

#define LONGEST_NAME 128

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/* Writes the words of a name, each after a "_", and one "_" at the end. Digits and
** other signs part words, and so does a capital letter after a small one. */
static void write_words(char out[2 * LONGEST_NAME + 2], const char *name,
                        size_t length) {
  char *to = out;
  *to++ = '_';
  for (size_t i = 0; i < length; i++) {
    char c = name[i];
    bool letter = is_upper(c) || is_lower(c);
    bool begins = is_upper(c) && i > 0 &&
        (is_lower(name[i - 1]) ||
         (is_upper(name[i - 1]) && i + 2 < length && is_lower(name[i + 1]) &&
          is_lower(name[i + 2])));
    if ((!letter || begins) && to[-1] != '_') *to++ = '_';
    if (letter) *to++ = is_upper(c) ? (char)(c | 0x20) : c;
  }
  if (to[-1] != '_') *to++ = '_';
  *to = '\0';
}

static bool has_stem(const char *name, size_t length) {
  for (size_t i = 0; i + 3 <= length; i++)
    for (size_t s = 0; s < TAVUS_COUNT(stems); s++)
      if ((name[i] | 0x20) == stems[s][0] && (name[i + 1] | 0x20) == stems[s][1] &&
          (name[i + 2] | 0x20) == stems[s][2])
        return true;
  return false;
}

/* Does the entry end with the "_" at `at`? */
static bool ends_at(const char *words, const char *at, const entry *e) {
  size_t length = e->length;
  if (e->text[length - 1] == '$') {
    if (at[1] != '\0') return false;
    length--;
  }
  return (size_t)(at - words) + 1 >= length && at[-1] == e->text[length - 2] &&
         memcmp(at + 1 - length, e->text, length) == 0;
}

static bool has_secret(const char *words) {
  for (const char *at = words + 1; (at = strchr(at, '_')) != NULL; at++)
    for (size_t i = 0; i < TAVUS_COUNT(secret); i++)
      if (ends_at(words, at, &secret[i])) return true;
  return false;
}

/* Overwrites what is harmless, up to the "_" around it. */
static void drop_harmless(char *words) {
  for (char *at = words + 1; (at = strchr(at, '_')) != NULL; at++)
    for (size_t i = 0; i < TAVUS_COUNT(harmless); i++) {
      size_t length = harmless[i].length - 1u - (harmless[i].text[0] == '_');
      if (ends_at(words, at, &harmless[i])) memset(at - length, '.', length);
    }
}

bool tavus_is_secret_name(const char *name, size_t length) {
  char words[2 * LONGEST_NAME + 2];
  if (length > LONGEST_NAME) { /* its end tells most */
    name += length - LONGEST_NAME;
    length = LONGEST_NAME;
  }
  for (const char *const *holder = holders; *holder != NULL; holder++)
    if (strlen(*holder) == length && memcmp(*holder, name, length) == 0)
      return true;
  if (!has_stem(name, length)) return false;
  write_words(words, name, length);
  if (strcmp(words, "_key_") == 0) return false; /* the name of something */
  if (!has_secret(words)) return false;
  drop_harmless(words);
  return has_secret(words);
}

static bool holds(const char *text, size_t length, const char *what) {
  size_t size = strlen(what);
  for (; length >= size; text++, length--)
    if (memcmp(text, what, size) == 0) return true;
  return false;
}

bool tavus_is_masked(const char *text, size_t length) {
  static const char word[] = "redacted";
  if (holds(text, length, "**") || holds(text, length, "\xe2\x80\xa2")) return true;
  for (size_t i = 0; i + sizeof word - 1 <= length; i++) {
    size_t n = 0;
    while (word[n] != '\0' && (text[i + n] | 0x20) == word[n]) n++;
    if (word[n] == '\0') return true;
  }
  /* Prose may hold an ellipsis; the rest of a key has no blanks around it. */
  for (size_t i = 0; i < length; i++)
    if (text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r')) return false;
  return holds(text, length, "...") || holds(text, length, "\xe2\x80\xa6");
}
