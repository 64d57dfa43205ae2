/* SPDX-License-Identifier: BSD-2-Clause */
#include "constraint.h"

#include "certificate.h"
#include "constraint_fields.h"
#include "pattern.h"

/*
 * A host that was bound. Who made its certificate costs far more to find out than all else, and a
 * client that made it up itself could have that asked for each constraint: it is asked once.
 */
struct host {
    enum { HOST_UNPROVED, HOST_PLAIN, HOST_CERTIFICATE } kind;
    struct view key;
    struct certificate certificate;
    bool has_signature; /* its authority's was verified */
};

/* Is one of its principals, which may be patterns, the name of the host? */
static bool has_principal(const struct certificate *certificate, struct view host)
{
    struct wire_reader r = wire_reader(certificate->principals.data, certificate->principals.len);
    struct view principal;

    while (wire_next_string(&r, FRAME_MAX, &principal)) {
        if (principal.len <= HOST_MAX && !has_nul(principal) &&
            pattern_match_view(principal, host)) {
            return true;
        }
    }
    return false;
}

static struct host host_of(const struct binding *binding, uint64_t now)
{
    struct host host = {.kind = HOST_UNPROVED, .key = binding->host_key};
    struct public_key key;

    if (!binding->verified || public_key_parse(binding->host_key, &key) != OK) {
        return host;
    }
    if (!key.is_cert) {
        host.kind = HOST_PLAIN;
    } else if (certificate_parse(binding->host_key, &host.certificate) == OK &&
               certificate_is_for_host(&host.certificate, now)) {
        host.kind = HOST_CERTIFICATE;
    }
    return host;
}

/* OpenSSH's sshkey_cert_check_host(). */
static bool is_certified(struct host *host, struct view authority, struct view name)
{
    if (host->kind != HOST_CERTIFICATE || !view_equal(host->certificate.signature_key, authority) ||
        !has_principal(&host->certificate, name)) {
        return false;
    }
    if (!host->has_signature) {
        host->has_signature = certificate_verify(&host->certificate) == OK;
        host->kind = host->has_signature ? HOST_CERTIFICATE : HOST_UNPROVED;
    }
    return host->has_signature;
}

/* OpenSSH's match_key_hop(). */
static bool is_host(const struct end *end, struct host *host)
{
    struct wire_reader r = wire_reader(end->keys.data, end->keys.len);
    struct view key;
    bool authority;

    while (next_key(&r, &key, &authority)) {
        if (authority ? is_certified(host, key, end->host)
                      : host->kind == HOST_PLAIN && view_equal(host->key, key)) {
            return true;
        }
    }
    return false;
}

/*
 * OpenSSH's permitted_by_dest_constraints(): from one host to the next, and as this user. NULL:
 * from where the agent is; to any host; as any user.
 */
static bool hop_permitted(const struct constraints *constraints, struct host *from, struct host *to,
                          const struct view *user)
{
    for (size_t i = 0; i < constraints->count; i++) {
        const struct constraint *constraint = &constraints->list[i];

        if (from == NULL ? constraint->from.host.len > 0 : !is_host(&constraint->from, from)) {
            continue;
        }
        if (to != NULL && !is_host(&constraint->to, to)) {
            continue;
        }
        if (user == NULL || constraint->user.len == 0 ||
            pattern_match_view(constraint->user, *user)) {
            return true;
        }
    }
    return false;
}

bool constraints_permit(const struct constraints *constraints, const struct bindings *bindings,
                        const struct view *user, uint64_t now)
{
    struct host from = {0};
    bool forwarding = false;

    if (constraints == NULL || bindings == NULL) {
        return true;
    }
    if (bindings->failed) {
        return false;
    }
    for (size_t i = 0; i < bindings->count; i++) {
        struct host to = host_of(&bindings->binding[i], now);
        bool last = i + 1 == bindings->count;

        forwarding = bindings->binding[i].forwarding;
        if (last ? forwarding && user != NULL : !forwarding) {
            return false;
        }
        if (!hop_permitted(constraints, i > 0 ? &from : NULL, &to, last ? user : NULL)) {
            return false;
        }
        from = to;
    }
    return !forwarding || hop_permitted(constraints, &from, NULL, NULL);
}

enum err constraints_check_sign(const struct constraints *constraints,
                                const struct bindings *bindings, const struct purpose *purpose,
                                uint64_t now)
{
    const struct binding *last;

    if (constraints == NULL) {
        return OK;
    }
    if (bindings != NULL && bindings->failed) {
        return ERR_BOUND;
    }
    if (bindings == NULL || bindings->count == 0 || purpose->kind != PURPOSE_LOGIN ||
        purpose->other_blob || has_nul(purpose->user) ||
        !constraints_permit(constraints, bindings, &purpose->user, now)) {
        return ERR_DESTINATION;
    }
    last = &bindings->binding[bindings->count - 1];
    if (!view_equal(purpose->session_id, (struct view){last->session_id, last->session_id_len})) {
        return ERR_SESSION;
    }
    /* Only a forwarded login has to name its host: ssh on the first host may be an old one. */
    if (purpose->host_key.len == 0) {
        return bindings->count == 1 ? OK : ERR_DESTINATION;
    }
    return view_equal(purpose->host_key, last->host_key) ? OK : ERR_DESTINATION;
}
