/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/policy_decide.c: what is refused, what is asked, what is let through. */
#include "policy_text.h"

#include <sodium.h>

#define FINGERPRINT "SHA256:9cKNuJfSfoNIO+m9dPoGxkXHQHYxVGUPqCrhPDBJZ/s"
#define BLOB_SIZE   (4U + 11U + 4U + 32U) /* ssh-ed25519 (RFC 8709, section 4) */

/* Hosts: each byte is an ed25519 key of 32 such bytes. */
enum host { HOST_NONE, GITHUB = 1, HASHED = 2, UNKNOWN = 3, REVOKED = 4, PORT = 5 };

struct host_blob {
    uint8_t bytes[BLOB_SIZE];
};

static struct host_blob host_blob(enum host host)
{
    struct host_blob blob;
    struct wire_writer w = wire_writer(blob.bytes, sizeof blob.bytes);
    uint8_t point[32];

    memset(point, (int)host, sizeof point);
    put_text(&w, "ssh-ed25519");
    put_string(&w, (struct view){point, sizeof point});
    assert_int_equal(w.err, OK);
    assert_int_equal(w.len, BLOB_SIZE);
    return blob;
}

static void add_line(struct known_hosts *hosts, const char *names, enum host host)
{
    struct host_blob blob = host_blob(host);
    char base64[128];
    char line[256];
    size_t skipped = 1;

    sodium_bin2base64(base64, sizeof base64, blob.bytes, sizeof blob.bytes,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(line, sizeof line, "%s ssh-ed25519 %s\n", names, base64);
    assert_int_equal(known_hosts_add(hosts, text_view(line), &skipped), OK);
    assert_int_equal(skipped, 0);
}

static struct known_hosts *hosts;

/* "|1|..." is hidden.example.org, as `ssh-keygen -H` writes it: HMAC-SHA1 with the salt as key. */
static int make_hosts(void **state)
{
    (void)state;
    hosts = known_hosts_new();
    assert_non_null(hosts);
    add_line(hosts, "github.com,git.example.org", GITHUB);
    add_line(hosts, "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|oRIvU6xT01cwhPKmxII/rofnvAM=", HASHED);
    add_line(hosts, "@revoked *", REVOKED);
    add_line(hosts, "[build.example.org]:2222", PORT);
    return 0;
}

static int free_hosts(void **state)
{
    (void)state;
    known_hosts_free(&hosts);
    return 0;
}

/* A first login as git to github.com, proved, with a key that was added without -c. */
static struct policy_use login_to(enum host host, enum destination_proof proof)
{
    static struct host_blob blobs[8];

    blobs[host] = host_blob(host);
    return (struct policy_use){
        .key = {.fingerprint = FINGERPRINT, .comment = text_view("work laptop")},
        .purpose = {.kind = PURPOSE_LOGIN,
                    .user = text_view("git"),
                    .host_key = {blobs[host].bytes, BLOB_SIZE}},
        .proof = proof,
        .hosts = hosts,
        .host_key = {blobs[host].bytes, BLOB_SIZE}, /* of PROOF_NONE it must not count */
    };
}

static struct policy_use login(void)
{
    return login_to(GITHUB, PROOF_NAME);
}

static struct policy_use sign_for(const char *name_space)
{
    struct policy_use use = login();

    use.purpose = (struct purpose){.kind = PURPOSE_SSHSIG, .name_space = text_view(name_space)};
    return use;
}

static struct policy_use sign_opaque(void)
{
    struct policy_use use = login();

    use.purpose = (struct purpose){.kind = PURPOSE_OPAQUE};
    return use;
}

/* Of a qube whose section has these lines. */
static struct policy_decision decide(const char *lines, const struct policy_use *use)
{
    char text[512];
    struct policy *policy;
    struct policy_decision decision;
    struct rules rules;

    snprintf(text, sizeof text, "[client:dev]\n%s\n", lines);
    policy = policy_of(text);
    policy_rules(policy, "dev", &rules);
    decision = policy_decide(&rules, use);
    assert_non_null(decision.reason);
    policy_free(&policy);
    return decision;
}

static void assert_denied(const char *lines, struct policy_use use, enum policy_word word)
{
    struct policy_decision decision = decide(lines, &use);

    assert_int_equal(decision.verdict, POLICY_DENY);
    assert_int_equal(decision.word, word);
    assert_int_equal(decision.seconds, 0);

    /* It is never asked, and a "yes" that was given before does not allow it either. */
    use.same_use = use.connection_approved = use.remembered = true;
    decision = decide(lines, &use);
    if (word != POLICY_USES && word != POLICY_RATE) {
        assert_int_equal(decision.verdict, POLICY_DENY);
        assert_int_equal(decision.word, word);
    }
}

static void assert_asked(const char *lines, struct policy_use use)
{
    struct policy_decision decision = decide(lines, &use);

    assert_int_equal(decision.verdict, POLICY_ASK);
    assert_int_equal(decision.word, POLICY_CONFIRM);
}

static void assert_allowed(const char *lines, struct policy_use use)
{
    assert_int_equal(decide(lines, &use).verdict, POLICY_ALLOW);
}

/* The table of the policy: what a qube may do of which nothing is written. */
static void test_defaults(void **state)
{
    struct policy_use use = login();

    (void)state;
    assert_asked("", login());
    assert_asked("", login_to(UNKNOWN, PROOF_KEY));
    assert_asked("", login_to(GITHUB, PROOF_NONE));
    assert_asked("", sign_for("git"));
    assert_asked("", sign_for("file"));
    assert_denied("", sign_for("mail@example.org"), POLICY_NAMESPACES);
    assert_denied("", sign_for("gi"), POLICY_NAMESPACES);
    assert_denied("", sign_opaque(), POLICY_OPAQUE);
    use.rsa_sha1 = true;
    assert_denied("", use, POLICY_RSA_SHA1);
    use = login();
    use.uses = 1;
    assert_denied("", use, POLICY_USES);
    use = login();
    use.recent = 29;
    assert_asked("", use);
    use.recent = 30;
    assert_denied("", use, POLICY_RATE);
}

static void test_keys(void **state)
{
    (void)state;
    assert_asked("keys = " FINGERPRINT, login());
    assert_asked("keys = other, work *", login());
    assert_denied("keys = other", login(), POLICY_KEYS);
    assert_denied("keys = other", sign_for("git"), POLICY_KEYS);
    assert_denied("keys = no", login(), POLICY_KEYS);
    assert_denied("keys = no\nconfirm = no", login(), POLICY_KEYS);
}

static void test_purposes(void **state)
{
    struct policy_use use = login();

    (void)state;
    assert_asked("opaque = yes", sign_opaque());
    assert_denied("namespaces = all", sign_opaque(), POLICY_OPAQUE);
    assert_asked("namespaces = all", sign_for("mail@example.org"));
    assert_asked("namespaces = *@example.org", sign_for("mail@example.org"));
    assert_denied("namespaces = *@example.org", sign_for("git"), POLICY_NAMESPACES);
    assert_denied("namespaces = no", sign_for("no"), POLICY_NAMESPACES);
    assert_denied("namespaces = no", sign_for("git"), POLICY_NAMESPACES);
    assert_asked("namespaces = no", login());
    assert_denied("opaque = yes", sign_for("mail"), POLICY_NAMESPACES);
    use.rsa_sha1 = true;
    assert_asked("rsa-sha1 = yes", use);
    use = sign_for("git");
    use.rsa_sha1 = true;
    assert_denied("", use, POLICY_RSA_SHA1);
}

static void test_destinations(void **state)
{
    static const char github[] = "destinations = git@github.com";
    static const char hidden[] = "destinations = git@hidden.example.org";
    struct policy_use use = login();

    (void)state;
    assert_asked(github, login());
    assert_asked("destinations = git@GitHub.COM", login());
    assert_asked("destinations = x@y, *@git.*.org", login());
    assert_asked("destinations = g?t@*", login());
    assert_denied("destinations = git@example.org", login(), POLICY_DESTINATIONS);
    assert_denied("destinations = root@github.com", login(), POLICY_DESTINATIONS);
    assert_denied("destinations = GIT@github.com", login(), POLICY_DESTINATIONS);
    assert_denied("destinations = no", login(), POLICY_DESTINATIONS);
    use.purpose.user = text_view("git@evil");
    assert_denied(github, use, POLICY_DESTINATIONS);
    assert_asked("destinations = git@evil@github.com", use);
    use.purpose.user = (struct view){(const uint8_t *)"git\0x", 5};
    assert_denied(github, use, POLICY_DESTINATIONS);
    assert_asked("destinations = *@build.example.org", login_to(PORT, PROOF_NAME));
    assert_asked("destinations = *@[build.example.org]:2222", login_to(PORT, PROOF_NAME));
    assert_denied("destinations = *@[build.example.org]:22", login_to(PORT, PROOF_NAME),
                  POLICY_DESTINATIONS);
    assert_asked(hidden, login_to(HASHED, PROOF_KEY));
    assert_denied("destinations = git@*.example.org", login_to(HASHED, PROOF_KEY),
                  POLICY_DESTINATIONS);
    use = login();
    use.hosts = NULL;
    assert_denied(github, use, POLICY_DESTINATIONS);
}

/* A host without a proved name is no host of a pattern; the word unverified is for these. */
static void test_unverified_destinations(void **state)
{
    static const char github[] = "destinations = git@github.com";
    static const char both[] = "destinations = git@github.com, unverified";
    static const char any[] = "destinations = *@*";

    (void)state;
    assert_denied(github, login_to(GITHUB, PROOF_NONE), POLICY_DESTINATIONS);
    assert_denied(any, login_to(GITHUB, PROOF_NONE), POLICY_DESTINATIONS);
    assert_denied(github, login_to(UNKNOWN, PROOF_KEY), POLICY_DESTINATIONS);
    assert_denied(any, login_to(UNKNOWN, PROOF_KEY), POLICY_DESTINATIONS);
    assert_asked(both, login_to(GITHUB, PROOF_NONE));
    assert_asked(both, login_to(UNKNOWN, PROOF_KEY));
    assert_asked(both, login());
    assert_denied(both, login_to(PORT, PROOF_NAME), POLICY_DESTINATIONS);
    assert_denied("destinations = unverified", login(), POLICY_DESTINATIONS);
}

/* Destinations are about logins. */
static void test_destinations_of_signatures(void **state)
{
    struct policy_use use = sign_for("git");

    (void)state;
    assert_asked("destinations = no", use);
    assert_asked("destinations = no\nopaque = yes", sign_opaque());
    use.proof = PROOF_NONE;
    assert_asked("destinations = git@github.com", use);
}

static void test_revoked_hosts(void **state)
{
    struct policy_use use = login_to(REVOKED, PROOF_KEY);

    (void)state;
    assert_denied("", use, POLICY_DESTINATIONS);
    assert_denied("confirm = no\ndestinations = unverified", use, POLICY_DESTINATIONS);
    assert_string_equal(decide("", &use).reason, "the host's key is revoked in known_hosts");
    use = login_to(REVOKED, PROOF_NONE); /* said by the client alone */
    assert_denied("", use, POLICY_DESTINATIONS);
    use.hosts = NULL;
    assert_asked("", use);
}

static void test_counters(void **state)
{
    struct policy_use use = login();

    (void)state;
    use.uses = 2;
    assert_asked("uses = 3", use);
    use.uses = 3;
    assert_denied("uses = 3", use, POLICY_USES);
    use.uses = 1000000000;
    assert_asked("uses = no", use);
    use.recent = 1000000000;
    assert_asked("uses = no\nrate = no", use);
    assert_denied("uses = no\nrate = 1000000", use, POLICY_RATE);
    assert_denied("uses = no\nrate = 1\nconfirm = no", use, POLICY_RATE);
    use.connection_approved = true;
    assert_denied("uses = 5\nrate = no\nconfirm = connection", use, POLICY_USES);

    /* A further signature of a use is not counted again. */
    use.same_use = true;
    assert_allowed("", use);
    use.key.confirm = true;
    assert_asked("", use);
}

/*
 * What was first said is what is decided by: first what may not be at all, then the counters, and
 * then the question.
 */
static void test_order(void **state)
{
    struct policy_use use = login_to(REVOKED, PROOF_NAME);

    (void)state;
    use.rsa_sha1 = true;
    use.uses = 99;
    use.recent = 99;
    assert_denied("keys = x\ndestinations = x@y", use, POLICY_KEYS);
    assert_denied("destinations = x@y", use, POLICY_RSA_SHA1);
    assert_denied("destinations = x@y\nrsa-sha1 = yes", use, POLICY_DESTINATIONS);
    use.hosts = NULL;
    assert_denied("rsa-sha1 = yes", use, POLICY_USES);
    assert_denied("rsa-sha1 = yes\nuses = no", use, POLICY_RATE);
    assert_asked("rsa-sha1 = yes\nuses = no\nrate = no", use);
}

#define C       1U
#define REMEMB  2U
#define APPROV  4U
#define SAME    8U
#define ALL_SET 16U

/*
 * confirm x -c key x remembered x approved connection x same use, for a login whose destination is
 * proved. Per mode a string of 16 verdicts, (a)llow or (?) ask, from 0 to 15 by the bits above:
 *
 * - without -c:  index even. A further signature of a use (8 and up) is never asked.
 *                each: always asked. connection: unless approved (4). seconds: unless remembered
 *                (2). key, no: never.
 * - with -c:     index odd. Always asked unless the keystore remembers (2); then what the policy
 *                itself wants to have asked is left.
 */
static void test_confirm(void **state)
{
    static const struct {
        const char *mode;
        unsigned seconds; /* that may be offered */
        const char *verdicts;
    } table[] = {
        /* S not set: 4 without A, 4 with it; S set: the same */
        {"each", 0, "????????a?aaa?aa"},  {"connection", 0, "????a?aaa?aaa?aa"},
        {"300", 300, "??aa??aaa?aaa?aa"}, {"key", 0, "a?aaa?aaa?aaa?aa"},
        {"no", 0, "a?aaa?aaa?aaa?aa"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char line[64];

        snprintf(line, sizeof line, "confirm = %s", table[i].mode);
        for (unsigned bits = 0; bits < ALL_SET; bits++) {
            struct policy_use use = login();
            struct policy_decision decision;
            bool asked = table[i].verdicts[bits] == '?';

            use.key.confirm = (bits & C) != 0;
            use.remembered = (bits & REMEMB) != 0;
            use.connection_approved = (bits & APPROV) != 0;
            use.same_use = (bits & SAME) != 0;
            decision = decide(line, &use);
            if (decision.verdict != (asked ? POLICY_ASK : POLICY_ALLOW)) {
                fail_msg("%s, case %u: %d", line, bits, (int)decision.verdict);
            }
            assert_int_equal(decision.word, POLICY_CONFIRM);
            assert_int_equal(decision.seconds, asked ? table[i].seconds : 0);
        }
    }
}

/* "For ten minutes" is for a destination or a namespace: where none is proved, it is not offered
 * and a memory does not count. */
static void test_what_can_be_remembered(void **state)
{
    static const char lines[] = "confirm = 600\nopaque = yes";
    struct policy_use not_hostbound = login();
    struct policy_use sshsig = sign_for("git");
    struct {
        struct policy_use use;
        bool can, can_with_c;
    } table[] = {
        {login(), true, true},
        {login_to(UNKNOWN, PROOF_KEY), true, true},
        {login_to(GITHUB, PROOF_NONE), false, false},
        {sshsig, true, true},
        {sign_opaque(), false, false},
        {not_hostbound, true, false}, /* the keystore sees no host key in it */
    };

    (void)state;
    table[COUNT(table) - 1].use.purpose.host_key = (struct view){NULL, 0};
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        struct policy_use use = table[i / 2].use;
        bool can = i % 2 == 0 ? table[i / 2].can : table[i / 2].can_with_c;
        struct policy_decision decision;

        use.key.confirm = i % 2 == 1;
        decision = decide(lines, &use);
        assert_int_equal(decision.verdict, POLICY_ASK);
        assert_int_equal(decision.seconds, can ? 600 : 0);
        use.remembered = true;
        assert_int_equal(decide(lines, &use).verdict, can ? POLICY_ALLOW : POLICY_ASK);
    }
}

/* Programs in the vault: only the key's own constraints. */
static void test_local(void **state)
{
    struct policy_use use = sign_opaque();

    (void)state;
    use.rsa_sha1 = true;
    use.uses = use.recent = 1000;
    assert_int_equal(policy_decide_local(&use).verdict, POLICY_ALLOW);
    use = login_to(REVOKED, PROOF_NONE);
    assert_int_equal(policy_decide_local(&use).verdict, POLICY_ALLOW);
    use.key.confirm = true;
    assert_int_equal(policy_decide_local(&use).verdict, POLICY_ASK);
    assert_int_equal(policy_decide_local(&use).seconds, 0);
    use.same_use = use.connection_approved = true;
    assert_int_equal(policy_decide_local(&use).verdict, POLICY_ASK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_purposes),
        cmocka_unit_test(test_destinations),
        cmocka_unit_test(test_unverified_destinations),
        cmocka_unit_test(test_destinations_of_signatures),
        cmocka_unit_test(test_revoked_hosts),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_what_can_be_remembered),
        cmocka_unit_test(test_local),
    };

    return cmocka_run_group_tests(tests, make_hosts, free_hosts);
}
