/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <assert.h>
#include <stdio.h>

#include "fingerprint.h"
#include "log.h"
#include "purpose.h"

#define QUOTED_MAX      (2U + SHOWN_COMMENT_MAX + 3U + 1U) /* quotes, "...", NUL */
#define DESTINATION_MAX 384U

static_assert(SHOWN_USER_MAX <= SHOWN_COMMENT_MAX && SHOWN_SPACE_MAX <= SHOWN_COMMENT_MAX,
              "one room for all quoted text");

void plain_text(struct view text, char *ret, size_t cap)
{
    log_clean(ret, cap, text.data, text.len);
}

/* In double quotes; one in the text becomes a single one. */
static const char *quoted(char ret[QUOTED_MAX], struct view text, size_t max)
{
    char clean[SHOWN_COMMENT_MAX + 1];

    log_clean(clean, max + 1, text.data, text.len);
    for (char *at = strchr(clean, '"'); at != NULL; at = strchr(at, '"')) {
        *at = '\'';
    }
    snprintf(ret, QUOTED_MAX, "\"%s%s\"", clean, text.len > max ? "..." : "");
    return ret;
}

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A name that is read as one word. */
static bool is_word(struct view text, size_t max)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_letter_or_digit(text.data[i]) && strchr("._-", text.data[i]) == NULL) {
            return false;
        }
    }
    return text.len > 0 && text.len <= max && memchr(text.data, '\0', text.len) == NULL;
}

static const char *user_name(char ret[QUOTED_MAX], struct view user)
{
    if (!is_word(user, SHOWN_USER_MAX)) {
        return quoted(ret, user, SHOWN_USER_MAX);
    }
    return log_clean(ret, QUOTED_MAX, user.data, user.len);
}

/* A certificate's principals may hold anything: only what host names and ports are made of stays.
 */
static void host_names(char ret[SHOWN_NAMES_MAX + 4], struct view names)
{
    size_t n = names.len < SHOWN_NAMES_MAX ? names.len : SHOWN_NAMES_MAX;

    for (size_t i = 0; i < n; i++) {
        uint8_t c = names.data[i];
        bool separator = c == ' ' && i > 0 && names.data[i - 1] == ',';
        bool ok = is_letter_or_digit(c) || (c != '\0' && strchr("._-:[],%*", c) != NULL);

        ret[i] = (char)(ok || separator ? c : '?');
    }
    memcpy(ret + n, names.len > n ? "..." : "", names.len > n ? 4 : 1);
}

/* The data of a hostbound login names the host itself: does the agent say something else? */
static bool is_contradicted(const struct question *q, const struct purpose *purpose)
{
    return purpose->host_key.len > 0 && q->proof != PROOF_NONE &&
           !view_equal(purpose->host_key, q->host_key);
}

static void destination(char *ret, const struct question *q, const struct purpose *purpose)
{
    char names[SHOWN_NAMES_MAX + 4];
    char print[FINGERPRINT_SIZE];

    if (is_contradicted(q, purpose)) {
        snprintf(ret, DESTINATION_MAX,
                 "an UNVERIFIED destination (the login names another host key than the one that "
                 "was verified)");
    } else if (q->proof == PROOF_NONE) {
        snprintf(ret, DESTINATION_MAX, "an UNVERIFIED destination (the client did not prove one)");
    } else if (q->proof == PROOF_KEY) {
        snprintf(ret, DESTINATION_MAX, "an UNKNOWN host, key %s",
                 fingerprint_of(q->host_key, print));
    } else if (q->host_names.len == 0) {
        snprintf(ret, DESTINATION_MAX,
                 "a known host whose name is hashed, key %s (host key verified)",
                 fingerprint_of(q->host_key, print));
    } else {
        host_names(names, q->host_names);
        snprintf(ret, DESTINATION_MAX, "%s (host key verified)", names);
    }
}

static void purpose_line(char *ret, size_t cap, const struct question *q,
                         const struct purpose *purpose)
{
    const char *forwarded = q->forwarded ? ", forwarded" : "";
    char name[QUOTED_MAX];
    char to[DESTINATION_MAX];

    switch (purpose->kind) {
    case PURPOSE_LOGIN:
        destination(to, q, purpose);
        snprintf(ret, cap, "log in as %s to %s%s", user_name(name, purpose->user), to, forwarded);
        return;
    case PURPOSE_SSHSIG:
        snprintf(ret, cap, "sign for %s%s", quoted(name, purpose->name_space, SHOWN_SPACE_MAX),
                 forwarded);
        return;
    case PURPOSE_OPAQUE:
        snprintf(ret, cap, "sign unidentified data (%zu bytes)%s", q->data.len, forwarded);
        return;
    }
}

static void while_label(char *ret, size_t cap, uint32_t seconds)
{
    uint32_t unit = seconds % 3600 == 0 ? 3600 : seconds % 60 == 0 ? 60 : 1;
    const char *name = unit == 3600 ? "hour" : unit == 60 ? "minute" : "second";

    snprintf(ret, cap, "Allow for %u %s%s", seconds / unit, name, seconds == unit ? "" : "s");
}

void question_text(const struct question *q, struct question_text *ret)
{
    struct purpose purpose = purpose_parse(q->data, q->key_blob);
    char qube[QUBE_NAME_MAX + 1];
    char agent[AGENT_NAME_MAX + 1];
    char comment[QUOTED_MAX];
    char print[FINGERPRINT_SIZE];
    char what[512];
    bool local = q->qube.len == 0;
    bool named = q->agent_name.len > 0;

    plain_text(q->qube, qube, sizeof qube);
    plain_text(q->agent_name, agent, sizeof agent);
    quoted(comment, q->comment, SHOWN_COMMENT_MAX);
    purpose_line(what, sizeof what, q, &purpose);
    *ret = (struct question_text){0};
    snprintf(ret->title, sizeof ret->title, "SSH key %s: allow %s?", comment,
             local ? "a program in this vault" : qube);
    snprintf(ret->body, sizeof ret->body, "%s%s\n%s%s%sKey: %s %s\n%s",
             local ? "From: " : "Qube: ", local ? "a program in this vault" : qube,
             named ? "Agent: " : "", agent, named ? "\n" : "", comment,
             fingerprint_of(q->key_blob, print), what);
    if (q->seconds > 0 && !is_contradicted(q, &purpose)) {
        while_label(ret->while_label, sizeof ret->while_label, q->seconds);
    }
}

static const char *path_text(char ret[SHOWN_PATH_MAX + 4], struct view path)
{
    size_t skip = path.len > SHOWN_PATH_MAX ? path.len - SHOWN_PATH_MAX : 0;

    memcpy(ret, "...", 4);
    log_clean(ret + (skip > 0 ? 3 : 0), SHOWN_PATH_MAX + 1, path.data + skip, path.len - skip);
    return ret;
}

void passphrase_text(const struct passphrase_request *request, struct passphrase_text *ret)
{
    char comment[QUOTED_MAX];
    char path[SHOWN_PATH_MAX + 4];
    char qube[QUBE_NAME_MAX + 1];
    char print[PROMPT_FINGERPRINT_SIZE + 1];
    char wrong[64] = "";
    bool local = request->qube.len == 0;

    quoted(comment, request->comment, SHOWN_COMMENT_MAX);
    path_text(path, request->path);
    plain_text(request->qube, qube, sizeof qube);
    plain_text(request->fingerprint, print, sizeof print);
    if (request->wrong > 0) {
        snprintf(wrong, sizeof wrong, "\nThat passphrase was wrong (%u of %u).", request->wrong,
                 PASSPHRASE_TRIES);
    } else if (!request->look_up) {
        snprintf(wrong, sizeof wrong, "\nThe stored passphrase is wrong.");
    }
    *ret = (struct passphrase_text){0};
    snprintf(ret->title, sizeof ret->title, "Passphrase for SSH key %s", comment);
    snprintf(ret->body, sizeof ret->body, "File: %s\nKey: %s\n%s%s%s", path, print,
             local ? "Needed in this vault" : "Needed for a use by qube ", local ? "" : qube,
             wrong);
    snprintf(ret->label, sizeof ret->label, "SSH key %s", path);
}
