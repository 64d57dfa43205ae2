/* SPDX-License-Identifier: BSD-2-Clause */
#include "bind.h"

#include <sodium.h>
#include <stdlib.h>

#include "bind_request.h"
#include "verify.h"

static bool has_session(const struct binding *binding, struct view session_id)
{
    return view_equal((struct view){binding->session_id, binding->session_id_len}, session_id);
}

/*
 * May this session be bound? *ret_repeat: it is, in just this way. OpenSSH's ssh-agent also takes a
 * forwarding bind as repeated when it comes again as one that authenticates, and answers that an
 * authentication is bound already to one that comes again. Neither changes what it permits.
 */
static enum err check_order(const struct bindings *bindings, const struct bind_request *request,
                            bool *ret_repeat)
{
    bool authenticates = false;

    for (size_t i = 0; i < bindings->count; i++) {
        const struct binding *earlier = &bindings->binding[i];

        if (has_session(earlier, request->session_id)) {
            *ret_repeat = view_equal(earlier->host_key, request->host_key) &&
                          earlier->forwarding == request->forwarding;
            return *ret_repeat ? OK : ERR_DENIED;
        }
        authenticates = authenticates || !earlier->forwarding;
    }
    if (authenticates) {
        return ERR_DENIED;
    }
    *ret_repeat = false;
    return bindings->count < BINDINGS_MAX ? OK : ERR_TOO_BIG;
}

static bool cannot_verify(enum err err)
{
    return err == ERR_KEY_TYPE || err == ERR_KEY_DSA || err == ERR_KEY_SK;
}

static enum err append(struct bindings *bindings, const struct bind_request *request, bool verified)
{
    struct binding *binding = &bindings->binding[bindings->count];
    uint8_t *host_key = malloc(request->host_key.len + 1); /* which may be empty */

    if (host_key == NULL) {
        return ERR_NO_MEMORY;
    }
    if (request->host_key.len > 0) {
        memcpy(host_key, request->host_key.data, request->host_key.len);
    }
    memcpy(binding->session_id, request->session_id.data, request->session_id.len);
    binding->session_id_len = request->session_id.len;
    binding->host_key = (struct view){host_key, request->host_key.len};
    crypto_hash_sha256(binding->host_key_hash, host_key, request->host_key.len);
    binding->forwarding = request->forwarding;
    binding->verified = verified;
    bindings->count++;
    return OK;
}

static enum err record(struct bindings *bindings, struct view body)
{
    struct bind_request request;
    bool repeat = false;
    enum err verified;
    enum err err = bind_request_parse(body, &request);

    if (err == OK) {
        err = check_order(bindings, &request, &repeat);
    }
    if (err != OK) {
        return err;
    }
    verified = verify_signature(request.host_key, request.signature, request.session_id);
    if (verified != OK && !cannot_verify(verified)) {
        return verified;
    }
    if (!repeat) {
        err = append(bindings, &request, verified == OK);
    }
    return err == OK ? verified : err;
}

enum err bind_record(struct bindings *bindings, struct view body)
{
    enum err err = bindings->failed ? ERR_BOUND : record(bindings, body);

    if (err != OK && !cannot_verify(err)) {
        bindings->failed = true;
    }
    return err;
}

void bindings_clear(struct bindings *bindings)
{
    for (size_t i = 0; i < bindings->count; i++) {
        free((void *)bindings->binding[i].host_key.data);
    }
    memset(bindings, 0, sizeof *bindings);
}
