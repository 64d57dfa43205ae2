/* SPDX-License-Identifier: BSD-2-Clause */
#include "message.h"

enum err question_parse(struct view body, struct question *ret)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct question q = {0};
    uint8_t proof;
    enum err err;

    q.serial = wire_u32(&r);
    q.qube = wire_string(&r, QUBE_NAME_MAX);
    q.agent_name = wire_string(&r, AGENT_NAME_MAX);
    q.comment = wire_string(&r, PROMPT_COMMENT_MAX);
    q.key_blob = wire_string(&r, FRAME_MAX);
    proof = wire_u8(&r);
    q.forwarded = wire_bool(&r);
    q.host_key = wire_string(&r, HOST_KEY_MAX);
    q.host_names = wire_string(&r, PROMPT_NAMES_MAX);
    q.seconds = wire_u32(&r);
    q.data = wire_string(&r, FRAME_MAX);
    err = wire_end(&r);
    if (err != OK) {
        return err;
    }
    if (proof > PROOF_NAME || (proof != PROOF_NONE && q.host_key.len == 0) ||
        q.seconds > GRANT_MAX_S) {
        return ERR_MALFORMED;
    }
    q.proof = (enum destination_proof)proof;
    *ret = q;
    return OK;
}

enum err keys_request_parse(struct view body, struct keys_request *ret)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct keys_request request = {.all = wire_bool(&r)};
    enum err err;

    request.agent = wire_string(&r, AGENT_NAME_MAX);
    request.directory = wire_string(&r, PROMPT_PATH_MAX);
    err = wire_end(&r);
    if (err == OK && request.all && request.agent.len > 0) {
        err = ERR_MALFORMED;
    }
    if (err == OK) {
        *ret = request;
    }
    return err;
}

/* As ssh-keygen prints it: the base64 of 32 bytes, without padding. */
static bool is_fingerprint(struct view text)
{
    static const char prefix[] = "SHA256:";
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t start = sizeof prefix - 1;

    if (text.len != PROMPT_FINGERPRINT_SIZE || memcmp(text.data, prefix, start) != 0) {
        return false;
    }
    for (size_t i = start; i < text.len; i++) {
        if (memchr(base64, text.data[i], sizeof base64 - 1) == NULL) {
            return false;
        }
    }
    return true;
}

enum err passphrase_request_parse(struct view body, struct passphrase_request *ret)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct passphrase_request request = {.serial = wire_u32(&r)};
    enum err err;

    request.qube = wire_string(&r, QUBE_NAME_MAX);
    request.comment = wire_string(&r, PROMPT_COMMENT_MAX);
    request.path = wire_string(&r, PROMPT_PATH_MAX);
    request.fingerprint = wire_string(&r, PROMPT_FINGERPRINT_SIZE);
    request.look_up = wire_bool(&r);
    request.wrong = wire_u8(&r);
    err = wire_end(&r);
    if (err == OK && (!is_fingerprint(request.fingerprint) || request.wrong > PASSPHRASE_TRIES)) {
        err = ERR_MALFORMED;
    }
    if (err == OK) {
        *ret = request;
    }
    return err;
}

/* One component of a path. */
static bool is_plain_name(struct view name)
{
    return name.len > 0 && !view_is(name, ".") && !view_is(name, "..");
}

static bool has_control(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

bool known_hosts_name_ok(struct view name)
{
    static const char etc[] = "/etc/";
    struct view rest = name;

    if (name.len == 0 || name.len > PROMPT_PATH_MAX || has_control(name)) {
        return false;
    }
    if (memchr(name.data, '/', name.len) == NULL) {
        return is_plain_name(name);
    }
    if (name.len < sizeof etc || memcmp(name.data, etc, sizeof etc - 1) != 0) {
        return false;
    }
    rest.data += sizeof etc - 1;
    rest.len -= sizeof etc - 1;
    for (;;) {
        const uint8_t *slash = rest.len > 0 ? memchr(rest.data, '/', rest.len) : NULL;
        size_t len = slash == NULL ? rest.len : (size_t)(slash - rest.data);

        if (!is_plain_name((struct view){rest.data, len})) {
            return false;
        }
        if (slash == NULL) {
            return true;
        }
        rest.data += len + 1;
        rest.len -= len + 1;
    }
}
