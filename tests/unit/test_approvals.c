/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/approvals.c: what was allowed is allowed once, or for exactly that and so long. */
#include "approvals.h"
#include "approving.h"

#define NOW     ((uint64_t)1000000000) /* a machine that was started some days ago */
#define LONGEST ((uint64_t)GRANT_MAX_S * 1000)
#define KEY     7U /* the serial */

static const uint8_t token_key[APPROVAL_KEY_SIZE] = "for the prompt and the keystore";
static struct approvals approvals;

static int begin(void **state)
{
    (void)state;
    memset(&approvals, 0, sizeof approvals);
    approvals.token_key = token_key;
    return 0;
}

/* An ed25519 key's blob; the bytes of the key are one byte. */
static struct view blob_of(uint8_t byte)
{
    static uint8_t room[2][64];
    uint8_t *bytes = room[byte % 2];
    struct wire_writer w = wire_writer(bytes, sizeof room[0]);
    uint8_t point[32];

    memset(point, byte, sizeof point);
    put_text(&w, "ssh-ed25519");
    put_string(&w, (struct view){point, sizeof point});
    return wire_written(&w);
}

static const struct login git = {"session", "git", "host key"};

/* A login of a qube to git@, by which all others differ in one thing. */
static struct approval_subject subject(void)
{
    static struct signed_data data;

    return (struct approval_subject){.key_blob = blob_of(1),
                                     .data = make_login(&data, blob_of(1), git),
                                     .qube = text_view("dev")};
}

static struct approval_subject with_data(struct view data)
{
    struct approval_subject changed = subject();

    changed.data = data;
    return changed;
}

static struct approval_subject with_qube(const char *qube)
{
    struct approval_subject changed = subject();

    changed.qube = text_view(qube);
    return changed;
}

static struct approval approved(uint8_t kind, struct approval_subject of, uint64_t expiry)
{
    return approve(token_key, kind, &of, expiry);
}

static enum err use(struct approval approval, struct approval_subject of, uint64_t now)
{
    return approvals_use(&approvals, &approval, KEY, &of, now);
}

/* Refused, and nothing has changed by it. */
static void assert_refused(struct approval approval, struct approval_subject of, uint64_t now)
{
    static struct approvals before;

    memcpy(&before, &approvals, sizeof before);
    assert_int_equal(use(approval, of, now), ERR_APPROVAL);
    assert_memory_equal(&before, &approvals, sizeof before);
}

static enum err remembered(struct approval_subject of, uint64_t now)
{
    return approvals_remembered(&approvals, KEY, &of, now);
}

static void test_nothing_is_allowed_at_first(void **state)
{
    (void)state;
    assert_int_equal(remembered(subject(), 0), ERR_CONFIRM);
    assert_int_equal(remembered(subject(), NOW), ERR_CONFIRM);
    assert_refused((struct approval){0}, subject(), NOW);
}

static void test_once_is_once(void **state)
{
    struct approval one = approved(APPROVAL_ONCE, subject(), NOW + 1000);
    struct approval other = approved(APPROVAL_ONCE, subject(), NOW + 1001);

    (void)state;
    assert_int_equal(use(one, subject(), NOW), OK);
    for (uint64_t later = 0; later < 1100; later++) {
        assert_refused(one, subject(), NOW + later);
    }
    assert_int_equal(remembered(subject(), NOW), ERR_CONFIRM);
    assert_int_equal(use(other, subject(), NOW + 1000), OK);
}

static void test_times(void **state)
{
    static const struct {
        uint8_t kind;
        uint64_t longest;
    } kinds[] = {{APPROVAL_ONCE, APPROVAL_ONCE_MS}, {APPROVAL_WHILE, LONGEST}};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        const uint64_t bad[] = {
            0, 1, NOW - 1, NOW, NOW + kinds[i].longest + 1, UINT64_MAX - 1, UINT64_MAX};

        for (size_t j = 0; j < COUNT(bad); j++) {
            assert_refused(approved(kinds[i].kind, subject(), bad[j]), subject(), NOW);
        }
        begin(state);
        assert_int_equal(use(approved(kinds[i].kind, subject(), NOW + 1), subject(), NOW), OK);
        assert_int_equal(
            use(approved(kinds[i].kind, subject(), NOW + kinds[i].longest), subject(), NOW), OK);
    }
}

/* Nobody but the prompt knows what other kinds would mean. */
static void test_other_kinds(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        if (kind != APPROVAL_ONCE && kind != APPROVAL_WHILE) {
            assert_refused(approved((uint8_t)kind, subject(), NOW + 10), subject(), NOW);
        }
    }
}

static void test_every_bit(void **state)
{
    static const uint8_t kinds[] = {APPROVAL_ONCE, APPROVAL_WHILE};

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct approval good = approved(kinds[i], subject(), NOW + 10000);
        uint8_t bytes[APPROVAL_SIZE];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_approval(&w, &good);
        for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
            struct approval flipped;

            bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_equal(approval_parse((struct view){bytes, sizeof bytes}, &flipped), OK);
            assert_refused(flipped, subject(), NOW);
            bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        assert_int_equal(use(good, subject(), NOW), OK);
    }
}

static void test_another_token_key(void **state)
{
    uint8_t guess[APPROVAL_KEY_SIZE] = {0};
    struct approval_subject of = subject();

    (void)state;
    assert_refused(approve(guess, APPROVAL_ONCE, &of, NOW + 10), of, NOW);
    assert_refused(approve(guess, APPROVAL_WHILE, &of, NOW + 10), of, NOW);
}

/* What an approval is not for. A qube is none of it for one signature: the data is. */
static void test_other_subjects(void **state)
{
    struct approval once = approved(APPROVAL_ONCE, subject(), NOW + 10);
    struct approval while_ = approved(APPROVAL_WHILE, subject(), NOW + 10);
    struct signed_data data;
    struct approval_subject other_key = subject();
    struct approval_subject cut = subject();

    (void)state;
    other_key.key_blob = blob_of(2);
    assert_refused(once, other_key, NOW);
    assert_refused(while_, other_key, NOW);
    cut.data.len--;
    assert_refused(once, cut, NOW);
    assert_refused(while_, cut, NOW);
    make_login(&data, blob_of(1), (struct login){"another session", "git", "host key"});
    assert_refused(once, with_data(data.view), NOW);
    assert_refused(while_, with_qube("de"), NOW);
    assert_refused(while_, with_qube("dev2"), NOW);
    assert_refused(while_, with_qube(""), NOW);
    assert_int_equal(use(while_, with_data(data.view), NOW), OK);
    assert_int_equal(use(once, with_qube("other"), NOW), OK);
}

/* Logins and data that an approval for subject() does not cover, and whether they can have one. */
static const struct {
    struct login login;
    bool has_scope;
} other_logins[] = {
    {{"session", "root", "host key"}, true}, {{"session", "gi", "thost key"}, true},
    {{"session", "git", "host kez"}, true},  {{"session", "git", "host ke"}, true},
    {{"session", "", "host key"}, true},     {{"session", "git", NULL}, false},
};

static void test_while_covers_just_its_scope(void **state)
{
    struct approval approval = approved(APPROVAL_WHILE, subject(), NOW + 1000);
    struct signed_data data;

    (void)state;
    for (size_t i = 0; i < COUNT(other_logins); i++) {
        make_login(&data, blob_of(1), other_logins[i].login);
        assert_refused(approval, with_data(data.view), NOW);
    }
    assert_int_equal(use(approval, subject(), NOW), OK);
    assert_int_equal(remembered(subject(), NOW), OK);
    make_login(&data, blob_of(1), (struct login){"another session", "git", "host key"});
    assert_int_equal(remembered(with_data(data.view), NOW), OK);
    for (size_t i = 0; i < COUNT(other_logins); i++) {
        make_login(&data, blob_of(1), other_logins[i].login);
        assert_int_equal(remembered(with_data(data.view), NOW), ERR_CONFIRM);
    }
    make_login(&data, blob_of(2), git); /* names another key than signs */
    assert_int_equal(remembered(with_data(data.view), NOW), ERR_CONFIRM);
    make_sshsig(&data, "git", 1);
    assert_int_equal(remembered(with_data(data.view), NOW), ERR_CONFIRM);
    assert_int_equal(remembered(with_data(text_view("opaque")), NOW), ERR_CONFIRM);
    assert_int_equal(remembered(with_data((struct view){NULL, 0}), NOW), ERR_CONFIRM);
    assert_int_equal(remembered(with_qube("dev2"), NOW), ERR_CONFIRM);
    assert_int_equal(remembered(with_qube("de"), NOW), ERR_CONFIRM);
    assert_int_equal(remembered(with_qube(""), NOW), ERR_CONFIRM);
}

static void test_while_for_a_namespace(void **state)
{
    struct signed_data first;
    struct signed_data second;
    struct approval_subject of = with_data(make_sshsig(&first, "git", 1));

    (void)state;
    assert_int_equal(use(approved(APPROVAL_WHILE, of, NOW + 1000), of, NOW), OK);
    assert_int_equal(remembered(with_data(make_sshsig(&second, "git", 2)), NOW), OK);
    assert_int_equal(remembered(with_data(make_sshsig(&second, "file", 1)), NOW), ERR_CONFIRM);
    assert_int_equal(remembered(with_data(make_sshsig(&second, "gi", 1)), NOW), ERR_CONFIRM);
}

/* What has no scope is not approved for a while, whoever makes the MAC. */
static void test_while_without_a_scope(void **state)
{
    static const uint8_t no_scope[APPROVAL_HASH_SIZE];
    struct approval approval = {.kind = APPROVAL_WHILE, .expiry = NOW + 10};
    uint8_t bytes[256];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct signed_data data;
    struct view plain = make_login(&data, blob_of(1), (struct login){"session", "git", NULL});
    struct approval_subject of = with_data(plain);
    uint8_t hash[APPROVAL_HASH_SIZE];

    (void)state;
    assert_false(approval_mac(token_key, &of, APPROVAL_WHILE, NOW + 10, approval.mac));
    put_text(&w, "split-ssh approval");
    put_u8(&w, APPROVAL_WHILE);
    put_u64(&w, approval.expiry);
    approval_hash(hash, of.key_blob);
    put_bytes(&w, hash, sizeof hash);
    put_string(&w, of.qube);
    put_bytes(&w, no_scope, sizeof no_scope);
    crypto_auth(approval.mac, bytes, w.len, token_key);
    assert_refused(approval, of, NOW);
    assert_int_equal(use(approved(APPROVAL_ONCE, of, NOW + 10), of, NOW), OK);
}

static void test_a_grant_is_over(void **state)
{
    struct approval approval = approved(APPROVAL_WHILE, subject(), NOW + 1000);

    (void)state;
    assert_int_equal(use(approval, subject(), NOW), OK);
    assert_int_equal(remembered(subject(), NOW + 999), OK);
    assert_int_equal(remembered(subject(), NOW + 1000), ERR_CONFIRM);
    assert_int_equal(remembered(subject(), UINT64_MAX), ERR_CONFIRM);
    assert_refused(approval, subject(), NOW + 999); /* the word itself was used */
}

/* The same blob, added again: another serial. */
static void test_a_grant_is_for_one_key(void **state)
{
    struct approval_subject of = subject();
    struct approval approval = approved(APPROVAL_WHILE, of, NOW + 1000);

    (void)state;
    assert_int_equal(use(approval, of, NOW), OK);
    assert_int_equal(approvals_remembered(&approvals, KEY, &of, NOW), OK);
    assert_int_equal(approvals_remembered(&approvals, KEY + 1, &of, NOW), ERR_CONFIRM);
    assert_int_equal(approvals_remembered(&approvals, 0, &of, NOW), ERR_CONFIRM);
    assert_int_equal(approvals_use(&approvals, &approval, KEY + 1, &of, NOW), ERR_APPROVAL);
}

static void test_revoke(void **state)
{
    static const char *const qubes[] = {"dev", "dev2", ""};
    struct approval last = {0};

    (void)state;
    for (size_t revoked = 0; revoked <= COUNT(qubes); revoked++) {
        struct view qube = text_view(revoked < COUNT(qubes) ? qubes[revoked] : "");

        for (size_t i = 0; i < COUNT(qubes); i++) {
            last = approved(APPROVAL_WHILE, with_qube(qubes[i]), NOW + 1000 + revoked);
            assert_int_equal(use(last, with_qube(qubes[i]), NOW), OK);
        }
        approvals_revoke(&approvals, revoked < COUNT(qubes) ? &qube : NULL);
        for (size_t i = 0; i < COUNT(qubes); i++) {
            bool ended = revoked == COUNT(qubes) || revoked == i;

            assert_int_equal(remembered(with_qube(qubes[i]), NOW), ended ? ERR_CONFIRM : OK);
        }
        assert_refused(last, with_qube(qubes[COUNT(qubes) - 1]), NOW);
        approvals_revoke(&approvals, NULL);
    }
}

static enum err held(struct approval_subject of, uint64_t now, bool take)
{
    return approvals_held(&approvals, KEY, &of, now, take);
}

static void hold(struct approval_subject of, uint64_t now)
{
    approvals_hold(&approvals, KEY, &of, now);
}

/* For the same data, qube and key, once; to look takes nothing. */
static void test_held(void **state)
{
    struct signed_data data;
    struct approval_subject of = subject();

    (void)state;
    assert_int_equal(held(of, NOW, false), ERR_CONFIRM);
    hold(of, NOW);
    assert_int_equal(remembered(of, NOW), ERR_CONFIRM); /* is no grant */
    make_login(&data, blob_of(1), (struct login){"another session", "git", "host key"});
    assert_int_equal(held(with_data(data.view), NOW, true), ERR_CONFIRM);
    assert_int_equal(held(with_data(text_view("")), NOW, true), ERR_CONFIRM);
    assert_int_equal(held(with_qube("dev2"), NOW, true), ERR_CONFIRM);
    assert_int_equal(held(with_qube(""), NOW, true), ERR_CONFIRM);
    of = subject();
    assert_int_equal(approvals_held(&approvals, KEY + 1, &of, NOW, true), ERR_CONFIRM);
    assert_int_equal(approvals_held(&approvals, 0, &of, NOW, true), ERR_CONFIRM);
    assert_int_equal(held(of, NOW, false), OK);
    assert_int_equal(held(of, NOW, true), OK);
    assert_int_equal(held(of, NOW, true), ERR_CONFIRM);
    hold(of, NOW); /* two are two */
    hold(of, NOW);
    assert_int_equal(held(of, NOW, true), OK);
    assert_int_equal(held(of, NOW, true), OK);
    assert_int_equal(held(of, NOW, true), ERR_CONFIRM);
}

static void test_held_is_over(void **state)
{
    (void)state;
    hold(subject(), NOW);
    assert_int_equal(held(subject(), NOW + APPROVAL_HELD_MS - 1, false), OK);
    assert_int_equal(held(subject(), NOW + APPROVAL_HELD_MS, true), ERR_CONFIRM);
}

static void test_held_is_revoked(void **state)
{
    const struct view dev = text_view("dev");
    const struct view none = text_view("");

    (void)state;
    hold(subject(), NOW);
    hold(with_qube("other"), NOW);
    approvals_revoke(&approvals, &none);
    assert_int_equal(held(subject(), NOW, false), OK);
    approvals_revoke(&approvals, &dev);
    assert_int_equal(held(subject(), NOW, false), ERR_CONFIRM);
    assert_int_equal(held(with_qube("other"), NOW, false), OK);
    hold(subject(), NOW);
    approvals_revoke(&approvals, NULL);
    assert_int_equal(held(subject(), NOW, false), ERR_CONFIRM);
    assert_int_equal(held(with_qube("other"), NOW, false), ERR_CONFIRM);
}

/* The login of one of many sessions of a user with this number. */
static struct approval_subject numbered(unsigned n)
{
    static struct signed_data data;
    char user[16];

    snprintf(user, sizeof user, "user%u", n);
    return with_data(make_login(&data, blob_of(1), (struct login){"session", user, "host key"}));
}

static void test_more_grants_than_there_is_room(void **state)
{
    const unsigned first = GRANTS_MAX / 2; /* this one ends first */

    (void)state;
    for (unsigned n = 0; n < GRANTS_MAX; n++) {
        uint64_t expiry = NOW + 2000 - (n == first);

        assert_int_equal(use(approved(APPROVAL_WHILE, numbered(n), expiry), numbered(n), NOW), OK);
    }
    for (unsigned n = 0; n < GRANTS_MAX; n++) {
        assert_int_equal(remembered(numbered(n), NOW), OK);
    }
    assert_int_equal(use(approved(APPROVAL_WHILE, subject(), NOW + 3000), subject(), NOW), OK);
    assert_int_equal(remembered(subject(), NOW), OK);
    for (unsigned n = 0; n < GRANTS_MAX; n++) {
        assert_int_equal(remembered(numbered(n), NOW), n == first ? ERR_CONFIRM : OK);
    }
}

static void test_more_held_than_there_is_room(void **state)
{
    (void)state;
    for (unsigned n = 0; n <= APPROVALS_HELD_MAX; n++) {
        hold(numbered(n), NOW + n);
    }
    for (unsigned n = 0; n <= APPROVALS_HELD_MAX; n++) {
        assert_int_equal(held(numbered(n), NOW + 1000, true), n == 0 ? ERR_CONFIRM : OK);
    }
}

/* None is forgotten before its time: rather is the next refused. */
static void test_more_used_than_there_is_room(void **state)
{
    struct approval first = approved(APPROVAL_ONCE, numbered(0), NOW + 1000);

    (void)state;
    for (unsigned n = 0; n < APPROVALS_USED_MAX; n++) {
        struct approval approval = approved(APPROVAL_ONCE, numbered(n), NOW + 1000 + n);

        assert_int_equal(use(approval, numbered(n), NOW), OK);
    }
    for (uint64_t expiry = NOW + 2; expiry < NOW + 10000; expiry++) {
        assert_refused(approved(APPROVAL_ONCE, subject(), expiry), subject(), NOW + 1);
    }
    assert_refused(approved(APPROVAL_WHILE, subject(), NOW + 9000), subject(), NOW + 999);
    assert_refused(first, numbered(0), NOW + 999);
    assert_int_equal(remembered(subject(), NOW + 999), ERR_CONFIRM);
    /* The time of one is over: there is room for one. */
    assert_int_equal(use(approved(APPROVAL_ONCE, subject(), NOW + 9000), subject(), NOW + 1000),
                     OK);
    assert_refused(approved(APPROVAL_ONCE, subject(), NOW + 9001), subject(), NOW + 1000);
}

/* As time goes on there is no end to it. */
static void test_ten_thousand(void **state)
{
    struct approval kept[20] = {0};

    (void)state;
    for (uint64_t now = NOW; now < NOW + (uint64_t)10000 * 20; now += 20) {
        size_t place = now / 20 % COUNT(kept);

        kept[place] = approved(APPROVAL_ONCE, subject(), now + APPROVAL_ONCE_MS);
        assert_int_equal(use(kept[place], subject(), now), OK);
        for (size_t i = 0; i < COUNT(kept); i++) {
            assert_int_equal(use(kept[i], subject(), now), ERR_APPROVAL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_is_allowed_at_first, begin),
        cmocka_unit_test_setup(test_once_is_once, begin),
        cmocka_unit_test_setup(test_times, begin),
        cmocka_unit_test_setup(test_other_kinds, begin),
        cmocka_unit_test_setup(test_every_bit, begin),
        cmocka_unit_test_setup(test_another_token_key, begin),
        cmocka_unit_test_setup(test_other_subjects, begin),
        cmocka_unit_test_setup(test_while_covers_just_its_scope, begin),
        cmocka_unit_test_setup(test_while_for_a_namespace, begin),
        cmocka_unit_test_setup(test_while_without_a_scope, begin),
        cmocka_unit_test_setup(test_a_grant_is_over, begin),
        cmocka_unit_test_setup(test_a_grant_is_for_one_key, begin),
        cmocka_unit_test_setup(test_revoke, begin),
        cmocka_unit_test_setup(test_held, begin),
        cmocka_unit_test_setup(test_held_is_over, begin),
        cmocka_unit_test_setup(test_held_is_revoked, begin),
        cmocka_unit_test_setup(test_more_held_than_there_is_room, begin),
        cmocka_unit_test_setup(test_more_grants_than_there_is_room, begin),
        cmocka_unit_test_setup(test_more_used_than_there_is_room, begin),
        cmocka_unit_test_setup(test_ten_thousand, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
