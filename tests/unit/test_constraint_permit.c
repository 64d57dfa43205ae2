/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent/constraint_permit.c: who may see and use a key. What is expected is reasoned from
 * ssh-add(1), -h, and OpenSSH's PROTOCOL.agent; tests/system/restrict.bats asks both agents.
 */
#include "unit.h"

#include "certificate.h"
#include "constraint_case.h"

enum err __real_certificate_verify(const struct certificate *certificate);
enum err __wrap_certificate_verify(const struct certificate *certificate);

static unsigned verifications;
static bool verifications_succeed; /* whatever they are of */

enum err __wrap_certificate_verify(const struct certificate *certificate)
{
    verifications++;
    return verifications_succeed ? OK : __real_certificate_verify(certificate);
}

#define NOON_2020  1577880000U /* 1 January 2020, 12:00 UTC */
#define START_2020 1577836800U
#define END_2020   1577923200U

struct row {
    const char *constraints;
    const char *bindings;
    const char *user;
    bool seen;  /* listed, and may be removed */
    bool login; /* as the user, at the host bound last */
};

static void check_rows(const struct row *rows, size_t count, uint64_t now)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct constraints *constraints = make_constraints(row->constraints);
        struct bindings bindings = make_bindings(row->bindings);
        struct purpose login = make_login(&bindings, row->user);
        bool seen = constraints_permit(constraints, &bindings, NULL, now);
        enum err err = constraints_check_sign(constraints, &bindings, &login, now);

        if (seen != row->seen || err != (row->login ? OK : ERR_DESTINATION)) {
            fail_msg("\"%s\" on \"%s\" as %s: seen %d, login: %s", row->constraints, row->bindings,
                     row->user, seen, err_text(err));
        }
        constraints_free(&constraints);
        free_bindings(&bindings);
    }
}

static void test_one_hop(void **state)
{
    static const struct row rows[] = {
        {"", "", "me", true, true},
        {"", "b+ c", "me", true, true},
        /* A connection of the user's own: seen, but no login without a session. */
        {"a", "", "me", true, false},
        {"a", "a", "me", true, true},
        {"a", "b", "me", false, false},
        {"a b", "b", "me", true, true},
        {"a b", "c", "me", false, false},
        /* Forwarded to a: from there it may go nowhere, not even to a. */
        {"a", "a+", "me", false, false},
        {"a", "a+ a", "me", false, false},
        {"a", "a+ b", "me", false, false},
        {"a", "b+", "me", false, false},
        {"a", "b+ a", "me", false, false},
        /* Another key than the one that the constraint's name stands for. */
        {"a=b", "a", "me", false, false},
        {"a=b", "b", "me", true, true},
        /* Not verified. */
        {"a", "a?", "me", false, false},
    };

    (void)state;
    check_rows(rows, COUNT(rows), NOW);
}

static void test_forwarding(void **state)
{
    static const struct row rows[] = {
        {"a a>b", "a+", "me", true, false},
        {"a a>b", "a+ b", "me", true, true},
        {"a a>b", "a+ b+", "me", false, false},
        {"a a>b", "a+ c", "me", false, false},
        {"a a>b", "a+ a", "me", false, false},
        {"a a>b", "a", "me", true, true},
        {"a a>b", "b", "me", false, false},
        {"a a>b", "b+ b", "me", false, false},
        {"a a>b", "b+", "me", false, false},
        /* Nobody forwards a session that was bound for a login. */
        {"a a>b", "a b", "me", false, false},
        {"a a>b", "a b+", "me", false, false},
        /* The first hop has to be permitted too. */
        {"a>b", "", "me", true, false},
        {"a>b", "a", "me", false, false},
        {"a>b", "a+", "me", false, false},
        {"a>b", "a+ b", "me", false, false},
        {"a>b", "b", "me", false, false},
        {"a a>b b>c", "a+ b+ c", "me", true, true},
        {"a a>b b>c", "a+ b+", "me", true, false},
        {"a a>b b>c", "a+ b+ c+", "me", false, false},
        {"a a>b b>c", "a+ c", "me", false, false},
        {"a a>b b>c", "b+ c", "me", false, false},
        {"a a>b b>c", "c", "me", false, false},
        {"a a>b b>c", "a+ b+ b", "me", false, false},
        /* In circles. */
        {"a a>b b>a", "a+ b+ a+ b+ a", "me", true, true},
        {"a a>b b>a", "a+ b+ a+ b+ b", "me", false, false},
        {"a a>a", "a+ a+ a", "me", true, true},
        /* Not verified, wherever it is. */
        {"a a>b", "a?+ b", "me", false, false},
        {"a a>b", "a+ b?", "me", false, false},
        {"a a>b", "a?+", "me", false, false},
    };

    (void)state;
    check_rows(rows, COUNT(rows), NOW);
}

/* A user counts at the last hop alone, and not for the list. */
static void test_users(void **state)
{
    static const struct row rows[] = {
        {"git@a", "a", "git", true, true},
        {"git@a", "a", "root", true, false},
        {"git@a", "a", "Git", true, false},
        {"git@a", "a", "gi", true, false},
        {"git@a", "a", "git2", true, false},
        {"git@a", "a", "", true, false},
        {"git@a", "b", "git", false, false},
        {"g*@a", "a", "git", true, true},
        {"g*@a", "a", "agit", true, false},
        {"g?t@a", "a", "git", true, true},
        {"g?t@a", "a", "gt", true, false},
        {"*@a", "a", "anybody", true, true},
        {"*@a", "a", "", true, true},
        {"git@a root@a", "a", "root", true, true},
        {"git@a root@b", "a", "root", true, false},
        {"git@a a>root@b", "a+ b", "root", true, true},
        {"git@a a>root@b", "a+ b", "git", true, false},
        {"git@a a>root@b b>me@c", "a+ b+ c", "me", true, true},
        {"git@a a>root@b b>me@c", "a+ b+ c", "root", true, false},
        {"a a>git@b", "a+", "git", true, false},
    };

    (void)state;
    check_rows(rows, COUNT(rows), NOW);
}

/*
 * A host with a certificate. A name in the constraint is held against the certificate's principals,
 * which may be patterns, as everywhere in OpenSSH.
 */
static void test_certificates(void **state)
{
    static const struct row rows[] = {
        {"host_d=A", "C", "me", true, true},
        {"host_d=A", "C+", "me", false, false},
        {"a a>host_d=A", "a+ C", "me", true, true},
        {"host_d=A host_d=A>a", "C+ a", "me", true, true},
        {"host_x=A", "C", "me", false, false},
        {"*=A", "C", "me", false, false},
        {"y.example=A", "W", "me", true, true},
        {"*.example=A", "W", "me", true, true},
        {"host_d=A", "W", "me", false, false},
        {"example=A", "W", "me", false, false},
        /* Over since 2020; made out for users; by nobody that the constraint names. */
        {"host_d=A", "E", "me", false, false},
        {"host_d=A", "U", "me", false, false},
        {"host_d=a", "C", "me", false, false},
        {"host_d=O", "C", "me", false, false},
        /* Keys count as what they are listed as. */
        {"host_d=d", "C", "me", false, false},
        {"host_d=C", "C", "me", false, false},
        {"host_d=A", "A", "me", false, false},
        {"host_d=A", "d", "me", false, false},
    };
    static const struct row then[] = {
        {"host_d=A", "E", "me", true, true},
        {"x.example=A", "E", "me", true, true},
        {"*.example=A", "E", "me", false, false},
    };

    (void)state;
    check_rows(rows, COUNT(rows), NOW);
    check_rows(then, COUNT(then), NOON_2020);
}

static void test_certificate_times(void **state)
{
    static const struct {
        uint64_t now;
        bool valid;
    } times[] = {
        {0, false},           {START_2020 - 1, false}, {START_2020, true},
        {END_2020 - 1, true}, {END_2020, false},       {UINT64_MAX, false},
    };
    struct constraints *constraints = make_constraints("host_d=A");
    struct bindings bindings = make_bindings("E");

    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        assert_int_equal(constraints_permit(constraints, &bindings, NULL, times[i].now),
                         times[i].valid);
    }
    constraints_free(&constraints);
    free_bindings(&bindings);
}

/* Whatever byte of a certificate is changed, it proves nothing any more. */
static void test_changed_certificate(void **state)
{
    struct constraints *constraints = make_constraints("host_d=A");
    struct bindings bindings = make_bindings("C");
    struct view cert = bindings.binding[0].host_key;
    uint8_t *bytes = malloc(cert.len);

    (void)state;
    assert_non_null(bytes);
    assert_true(constraints_permit(constraints, &bindings, NULL, NOW));
    for (size_t i = 0; i < cert.len; i++) {
        memcpy(bytes, cert.data, cert.len);
        bytes[i] ^= 1;
        bindings.binding[0].host_key.data = bytes;
        assert_false(constraints_permit(constraints, &bindings, NULL, NOW));
    }
    free(bytes);
    bindings.binding[0].host_key = cert;
    constraints_free(&constraints);
    free_bindings(&bindings);
}

/* A principal with a NUL reads differently for those who stop there. */
static void test_nul_in_principal(void **state)
{
    struct constraints *constraints = make_constraints("hos=A");
    struct bindings bindings = make_bindings("C");
    struct view cert = bindings.binding[0].host_key;
    uint8_t *bytes = malloc(cert.len);
    uint8_t *principal;

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, cert.data, cert.len);
    principal = memmem(bytes, cert.len, "host_d", 6);
    assert_non_null(principal);
    bindings.binding[0].host_key.data = bytes;
    verifications_succeed = true;
    memcpy(principal, "hos\0_d", 6);
    assert_false(constraints_permit(constraints, &bindings, NULL, NOW));
    memcpy(principal, "hos***", 6);
    assert_true(constraints_permit(constraints, &bindings, NULL, NOW));
    verifications_succeed = false;
    free(bytes);
    bindings.binding[0].host_key = cert;
    constraints_free(&constraints);
    free_bindings(&bindings);
}

/* A client could make up certificates that keep the agent busy: each is verified once at most. */
static void test_few_verifications(void **state)
{
    struct constraints *constraints = make_constraints(
        "host_d=A a@host_d=A host_d=A>host_d=A host_d=A>x.example=A host_d=A>*.example=A");
    struct bindings bindings = make_bindings("C+ C+ C+");
    struct view cert = bindings.binding[1].host_key;
    uint8_t *bytes = malloc(cert.len);

    (void)state;
    assert_non_null(bytes);
    verifications = 0;
    assert_true(constraints_permit(constraints, &bindings, NULL, NOW));
    assert_int_equal(verifications, 3);

    memcpy(bytes, cert.data, cert.len);
    bytes[cert.len - 1] ^= 1; /* the signature's last byte */
    bindings.binding[1].host_key.data = bytes;
    verifications = 0;
    assert_false(constraints_permit(constraints, &bindings, NULL, NOW));
    assert_int_equal(verifications, 2);
    free(bytes);
    bindings.binding[1].host_key = cert;
    constraints_free(&constraints);
    free_bindings(&bindings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_hop),
        cmocka_unit_test(test_forwarding),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_certificate_times),
        cmocka_unit_test(test_changed_certificate),
        cmocka_unit_test(test_nul_in_principal),
        cmocka_unit_test(test_few_verifications),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
