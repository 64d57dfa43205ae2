/* SPDX-License-Identifier: BSD-2-Clause */
#include "bind.h"

#include <sodium.h>

#include "verify.h"

static bool has_session(const struct binding *binding, struct view session_id)
{
    return view_equal((struct view){binding->session_id, binding->session_id_len}, session_id);
}

/* May this session still be bound? */
static enum err check_order(const struct bindings *bindings, struct view session_id)
{
    for (size_t i = 0; i < bindings->count; i++) {
        const struct binding *earlier = &bindings->binding[i];

        if (!earlier->forwarding || has_session(earlier, session_id)) {
            return ERR_DENIED;
        }
    }
    return bindings->count < BINDINGS_MAX ? OK : ERR_TOO_BIG;
}

static bool cannot_verify(enum err err)
{
    return err == ERR_KEY_TYPE || err == ERR_KEY_DSA || err == ERR_KEY_SK;
}

static enum err record(struct bindings *bindings, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct view host_key = wire_string(&r, FRAME_MAX);
    struct view session_id = wire_string(&r, SESSION_ID_MAX);
    struct view signature = wire_string(&r, FRAME_MAX);
    bool forwarding = wire_bool(&r);
    enum err err = wire_end(&r);
    struct binding *binding;

    if (err == OK) {
        err = session_id.len > 0 ? check_order(bindings, session_id) : ERR_MALFORMED;
    }
    if (err != OK) {
        return err;
    }
    err = verify_signature(host_key, signature, session_id);
    if (err != OK && !cannot_verify(err)) {
        return err;
    }
    binding = &bindings->binding[bindings->count++];
    memcpy(binding->session_id, session_id.data, session_id.len);
    binding->session_id_len = session_id.len;
    crypto_hash_sha256(binding->host_key_hash, host_key.data, host_key.len);
    binding->forwarding = forwarding;
    binding->verified = err == OK;
    return err;
}

enum err bind_record(struct bindings *bindings, struct view body)
{
    enum err err = bindings->failed ? ERR_BOUND : record(bindings, body);

    if (err != OK && !cannot_verify(err)) {
        bindings->failed = true;
    }
    return err;
}
