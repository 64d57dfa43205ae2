/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent/bind.c and constraint*.c against a model that knows no bytes: hosts are numbers there. An
 * input is the constraints (a count, then from, to and user of each, a byte each) and then binds,
 * three bytes each, which the target signs with keys of its own.
 */
#include "fuzz.h"

#include <sodium.h>

#include "constraint.h"

#define HOSTS           4U /* the last has a key of a type that cannot be verified */
#define UNVERIFIED      (HOSTS - 1)
#define NOWHERE         HOSTS /* where the agent is */
#define SESSIONS        32U
#define CONSTRAINTS_TOP 8U
#define BINDS_TOP       24U /* more than fit */
#define USERS           4U
#define NOW             1700000000U

static const char *const users[USERS] = {"", "u1", "u2", "u*"}; /* patterns; "" is any user */

/* What the target signs with. Host keys and their certificates, by number. */
static struct {
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t bytes[2][512];
    struct view blob[2]; /* the plain key, the certificate */
} hosts[HOSTS], authority;

struct model_end {
    unsigned host;
    bool by_authority;
};

struct model_bind {
    unsigned host, session;
    bool certificate, forwarding;
};

struct model {
    struct {
        struct model_end from, to;
        unsigned user;
    } constraint[CONSTRAINTS_TOP];
    size_t constraints;
    struct model_bind bind[BINDINGS_MAX];
    size_t binds;
    bool failed;
};

static void put_key(struct wire_writer *w, const char *type, unsigned number, uint8_t *ret_secret)
{
    uint8_t seed[crypto_sign_SEEDBYTES] = {(uint8_t)number, 't', 'e', 's', 't'};
    uint8_t public[crypto_sign_PUBLICKEYBYTES];

    (void)crypto_sign_seed_keypair(public, ret_secret, seed);
    put_text(w, type);
    put_string(w, (struct view){public, sizeof public});
}

static void put_signature(struct wire_writer *w, const uint8_t *secret, struct view data)
{
    uint8_t raw[crypto_sign_BYTES];
    uint8_t bytes[128];
    struct wire_writer blob = wire_writer(bytes, sizeof bytes);

    (void)crypto_sign_detached(raw, NULL, data.data, data.len, secret);
    put_text(&blob, "ssh-ed25519");
    put_string(&blob, (struct view){raw, sizeof raw});
    put_string(w, wire_written(&blob));
}

/* PROTOCOL.certkeys: a host's, for the principal "hN", for all times. */
static void put_certificate(struct wire_writer *w, unsigned number)
{
    char principal[] = {0, 0, 0, 2, 'h', (char)('0' + number)};
    struct view key = hosts[number].blob[0];

    put_text(w, "ssh-ed25519-cert-v01@openssh.com");
    put_text(w, "nonce");
    put_string(w, (struct view){key.data + key.len - 32, 32});
    put_u64(w, 0);
    put_u32(w, 2);
    put_text(w, "test only");
    put_string(w, (struct view){(const uint8_t *)principal, sizeof principal});
    put_u64(w, 0);
    put_u64(w, UINT64_MAX);
    put_text(w, "");
    put_text(w, "");
    put_text(w, "");
    put_string(w, authority.blob[0]);
    put_signature(w, authority.secret, wire_written(w));
}

// NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct wire_writer w = wire_writer(authority.bytes[0], sizeof authority.bytes[0]);

    (void)argc;
    (void)argv;
    CHECK(sodium_init() >= 0);
    put_key(&w, "ssh-ed25519", HOSTS, authority.secret);
    authority.blob[0] = wire_written(&w);
    for (unsigned i = 0; i < HOSTS; i++) {
        w = wire_writer(hosts[i].bytes[0], sizeof hosts[i].bytes[0]);
        put_key(&w, i == UNVERIFIED ? "sk-ssh-ed25519@openssh.com" : "ssh-ed25519", i,
                hosts[i].secret);
        hosts[i].blob[0] = wire_written(&w);
        w = wire_writer(hosts[i].bytes[1], sizeof hosts[i].bytes[1]);
        put_certificate(&w, i);
        hosts[i].blob[1] = wire_written(&w);
        CHECK(w.err == OK);
    }
    return 0;
}

static struct model_end end_of(uint8_t byte, bool may_be_nowhere)
{
    return (struct model_end){byte % (may_be_nowhere ? HOSTS + 1 : HOSTS), (byte & 0x80) != 0};
}

static void put_end(struct wire_writer *w, struct model_end end, const char *user)
{
    const char *const names[] = {"h0", "h1", "h2", "h3", ""};
    uint8_t bytes[512];
    struct wire_writer inner = wire_writer(bytes, sizeof bytes);

    put_text(&inner, user);
    put_text(&inner, names[end.host]);
    put_text(&inner, "");
    if (end.host != NOWHERE) {
        put_string(&inner, end.by_authority ? authority.blob[0] : hosts[end.host].blob[0]);
        put_u8(&inner, end.by_authority);
    }
    put_string(w, wire_written(&inner));
}

/* Reads the model's constraints, and makes real ones of them. NULL: there are none. */
static struct constraints *read_constraints(struct wire_reader *r, struct model *model)
{
    uint8_t bytes[8192];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct constraints *ret = NULL;

    model->constraints = wire_u8(r) % (CONSTRAINTS_TOP + 1);
    for (size_t i = 0; i < model->constraints; i++) {
        uint8_t inner_bytes[1024];
        struct wire_writer inner = wire_writer(inner_bytes, sizeof inner_bytes);

        model->constraint[i].from = end_of(wire_u8(r), true);
        model->constraint[i].to = end_of(wire_u8(r), false);
        model->constraint[i].user = wire_u8(r) % USERS;
        put_end(&inner, model->constraint[i].from, "");
        put_end(&inner, model->constraint[i].to, users[model->constraint[i].user]);
        put_text(&inner, "");
        put_string(&w, wire_written(&inner));
    }
    CHECK(w.err == OK);
    if (model->constraints > 0) {
        CHECK(constraints_parse(wire_written(&w), &ret) == OK);
    }
    return ret;
}

static bool is_end(struct model_end end, const struct model_bind *bind)
{
    bool verified = bind->host != UNVERIFIED || bind->certificate;

    return verified && end.host == bind->host && end.by_authority == bind->certificate;
}

/* NULL: from where the agent is, to anywhere, as anybody. */
static bool model_hop(const struct model *model, const struct model_bind *from,
                      const struct model_bind *to, const char *user)
{
    for (size_t i = 0; i < model->constraints; i++) {
        const char *pattern = users[model->constraint[i].user];
        bool from_is = from == NULL ? model->constraint[i].from.host == NOWHERE
                                    : is_end(model->constraint[i].from, from);
        bool user_is = user == NULL || pattern[0] == '\0' || strcmp(pattern, "u*") == 0 ||
                       strcmp(pattern, user) == 0;

        if (from_is && user_is && (to == NULL || is_end(model->constraint[i].to, to))) {
            return true;
        }
    }
    return false;
}

/* As constraint.h says it. user is one of "u1", "u2", or NULL. */
static bool model_permits(const struct model *model, const char *user)
{
    const struct model_bind *last = &model->bind[model->binds - (model->binds > 0)];

    if (model->constraints == 0) {
        return true;
    }
    if (model->failed) {
        return false;
    }
    if (model->binds == 0) {
        return true;
    }
    for (size_t i = 0; i + 1 < model->binds; i++) {
        const struct model_bind *from = i > 0 ? &model->bind[i - 1] : NULL;

        if (!model->bind[i].forwarding || !model_hop(model, from, &model->bind[i], NULL)) {
            return false;
        }
    }
    if (!model_hop(model, model->binds > 1 ? last - 1 : NULL, last, user)) {
        return false;
    }
    return !last->forwarding || (user == NULL && model_hop(model, last, NULL, NULL));
}

static struct view session_id(unsigned number, uint8_t bytes[SESSION_ID_MAX])
{
    size_t len = 1 + number * 4;

    memset(bytes, (int)number, len);
    return (struct view){bytes, len};
}

enum damage { NO_DAMAGE, ANOTHER_KEY, ANOTHER_SESSION, ANOTHER_BIT };

static enum err bind(struct bindings *bindings, const struct model_bind *bind, enum damage damage)
{
    uint8_t bytes[2048];
    uint8_t id[SESSION_ID_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    const uint8_t *secret = hosts[bind->host].secret;
    struct view session = session_id(bind->session, id);
    struct view copy;
    enum err err;

    put_string(&w, hosts[bind->host].blob[bind->certificate]);
    put_string(&w, session);
    if (damage == ANOTHER_KEY) {
        secret = authority.secret;
    } else if (damage == ANOTHER_SESSION) {
        session.len--;
    }
    put_signature(&w, secret, session);
    CHECK(w.err == OK && w.len > 0);
    bytes[w.len - 1] = (uint8_t)(bytes[w.len - 1] ^ (damage == ANOTHER_BIT));
    put_u8(&w, bind->forwarding);
    copy = view_copy(wire_written(&w));
    err = bind_record(bindings, copy);
    view_free(&copy);
    return err;
}

static bool is_same(const struct model_bind *a, const struct model_bind *b)
{
    return a->host == b->host && a->session == b->session && a->certificate == b->certificate &&
           a->forwarding == b->forwarding;
}

/* As bind.h says it. */
static enum err model_bind(struct model *model, const struct model_bind *bind, enum damage damage)
{
    enum err verified = bind->host == UNVERIFIED && !bind->certificate ? ERR_KEY_SK
                        : damage != NO_DAMAGE                          ? ERR_BAD_SIGNATURE
                                                                       : OK;
    bool authenticates = false;
    bool repeat = false;

    if (model->failed) {
        return ERR_BOUND;
    }
    model->failed = true;
    for (size_t i = 0; i < model->binds; i++) {
        const struct model_bind *earlier = &model->bind[i];

        authenticates = authenticates || !earlier->forwarding;
        if (earlier->session == bind->session) {
            repeat = is_same(earlier, bind);
            if (!repeat) {
                return ERR_DENIED;
            }
        }
    }
    if (!repeat && authenticates) {
        return ERR_DENIED;
    }
    if (!repeat && model->binds == BINDINGS_MAX) {
        return ERR_TOO_BIG;
    }
    if (verified == ERR_BAD_SIGNATURE) {
        return verified;
    }
    model->failed = false;
    if (!repeat) {
        model->bind[model->binds++] = *bind;
    }
    return verified;
}

/* As constraint.h says it, for a login of u1 to a session. */
static enum err model_sign(const struct model *model, unsigned session, struct view host_key)
{
    const struct model_bind *last;

    if (model->constraints == 0) {
        return OK;
    }
    if (model->failed) {
        return ERR_BOUND;
    }
    if (model->binds == 0 || !model_permits(model, users[1])) {
        return ERR_DESTINATION;
    }
    last = &model->bind[model->binds - 1];
    if (last->session != session) {
        return ERR_SESSION;
    }
    if (host_key.len == 0) {
        return model->binds == 1 ? OK : ERR_DESTINATION;
    }
    return view_equal(host_key, hosts[last->host].blob[last->certificate]) ? OK : ERR_DESTINATION;
}

static void check_sign(const struct constraints *constraints, const struct bindings *bindings,
                       const struct model *model, uint8_t byte)
{
    uint8_t id[SESSION_ID_MAX];
    unsigned session = byte % SESSIONS;
    struct purpose purpose = {
        .kind = PURPOSE_LOGIN,
        .session_id = session_id(session, id),
        .user = {(const uint8_t *)users[1], strlen(users[1])},
    };

    for (unsigned host = 0; host <= HOSTS; host++) {
        purpose.host_key = host == HOSTS ? (struct view){0} : hosts[host].blob[(byte & 0x80) != 0];
        CHECK(constraints_check_sign(constraints, bindings, &purpose, NOW) ==
              model_sign(model, session, purpose.host_key));
    }
    purpose.kind = PURPOSE_OPAQUE;
    CHECK(constraints == NULL ||
          constraints_check_sign(constraints, bindings, &purpose, NOW) != OK);
}

static void check(const struct constraints *constraints, const struct bindings *bindings,
                  const struct model *model)
{
    CHECK(bindings->count == model->binds && bindings->failed == model->failed);
    CHECK(constraints_permit(constraints, bindings, NULL, NOW) == model_permits(model, NULL));
    for (unsigned i = 1; i <= 2; i++) {
        struct view user = {(const uint8_t *)users[i], strlen(users[i])};

        CHECK(constraints_permit(constraints, bindings, &user, NOW) ==
              model_permits(model, users[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_reader r = wire_reader(data, size);
    static struct bindings bindings;
    struct model model = {0};
    struct constraints *constraints = read_constraints(&r, &model);
    unsigned after_failure = 0;

    check(constraints, &bindings, &model);
    for (size_t i = 0; i < BINDS_TOP && after_failure < 2 && r.left >= 3; i++) {
        uint8_t what = wire_u8(&r);
        struct model_bind next = {.host = what % HOSTS,
                                  .session = wire_u8(&r) % SESSIONS,
                                  .certificate = (what & 8) != 0,
                                  .forwarding = (what & 16) != 0};
        enum damage damage =
            what >= 0xc0 ? (enum damage)(1 + (what & 32) / 32 + (what & 4) / 4) : NO_DAMAGE;
        uint8_t sign = wire_u8(&r);

        CHECK(bind(&bindings, &next, damage) == model_bind(&model, &next, damage));
        check(constraints, &bindings, &model);
        check_sign(constraints, &bindings, &model, sign);
        after_failure += model.failed; /* one more, which fails too */
    }
    constraints_free(&constraints);
    bindings_clear(&bindings);
    return 0;
}
