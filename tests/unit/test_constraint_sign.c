/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/constraint_permit.c: what may be signed, as OpenSSH's process_sign_request2() has it. */
#include "unit.h"

#include "constraint_case.h"

static void test_failed_bind(void **state)
{
    struct constraints *constraints = make_constraints("a");
    struct bindings bindings = make_bindings("a");
    struct purpose login = make_login(&bindings, "me");

    (void)state;
    bindings.failed = true;
    assert_false(constraints_permit(constraints, &bindings, NULL, NOW));
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), ERR_BOUND);
    free_bindings(&bindings);
    bindings = (struct bindings){.failed = true};
    assert_false(constraints_permit(constraints, &bindings, NULL, NOW));
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), ERR_BOUND);
    constraints_free(&constraints);
}

static void test_never_bound(void **state)
{
    struct constraints *constraints = make_constraints("a");
    struct bindings bindings = make_bindings("a");
    struct purpose login = make_login(&bindings, "me");

    (void)state;
    assert_true(constraints_permit(constraints, NULL, NULL, NOW));
    assert_int_equal(constraints_check_sign(constraints, NULL, &login, NOW), ERR_DESTINATION);
    assert_true(constraints_permit(NULL, NULL, NULL, NOW));
    assert_int_equal(constraints_check_sign(NULL, NULL, &login, NOW), OK);
    free_bindings(&bindings);
    constraints_free(&constraints);
}

/* What is not a login is not signed, wherever the connection goes; without constraints it is. */
static void test_not_a_login(void **state)
{
    static const enum purpose_kind kinds[] = {PURPOSE_SSHSIG, PURPOSE_OPAQUE};
    struct constraints *constraints = make_constraints("a");
    struct bindings bindings = make_bindings("a");

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct purpose purpose = make_login(&bindings, "me");

        purpose.kind = kinds[i];
        assert_int_equal(constraints_check_sign(constraints, &bindings, &purpose, NOW),
                         ERR_DESTINATION);
        assert_int_equal(constraints_check_sign(constraints, NULL, &purpose, NOW), ERR_DESTINATION);
        assert_int_equal(constraints_check_sign(NULL, &bindings, &purpose, NOW), OK);
    }
    free_bindings(&bindings);
    constraints_free(&constraints);
}

/* A certificate that the agent does not hold has no constraints of its own. */
static void test_other_blob(void **state)
{
    struct constraints *constraints = make_constraints("a");
    struct bindings bindings = make_bindings("a");
    struct purpose login = make_login(&bindings, "me");

    (void)state;
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), OK);
    login.other_blob = true;
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), ERR_DESTINATION);
    assert_int_equal(constraints_check_sign(NULL, &bindings, &login, NOW), OK);
    free_bindings(&bindings);
    constraints_free(&constraints);
}

static void test_other_session(void **state)
{
    struct constraints *constraints = make_constraints("a a>b");
    struct bindings bindings = make_bindings("a+ b");
    struct purpose login = make_login(&bindings, "me");

    (void)state;
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), OK);
    login.session_id.data = bindings.binding[0].session_id; /* bound, but not last */
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), ERR_SESSION);
    login.session_id = (struct view){bindings.binding[1].session_id, SESSION_LEN - 1};
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), ERR_SESSION);
    free_bindings(&bindings);
    constraints_free(&constraints);
}

/* The host's key in what is signed: the one bound last; it may be left out at the first hop. */
static void test_hostbound(void **state)
{
    struct constraints *constraints = make_constraints("a b a>b");
    struct bindings one = make_bindings("b");
    struct bindings two = make_bindings("a+ b");
    struct purpose login = make_login(&one, "me");

    (void)state;
    login.host_key = (struct view){0};
    assert_int_equal(constraints_check_sign(constraints, &one, &login, NOW), OK);
    login.host_key = two.binding[0].host_key;
    assert_int_equal(constraints_check_sign(constraints, &one, &login, NOW), ERR_DESTINATION);

    login = make_login(&two, "me");
    assert_int_equal(constraints_check_sign(constraints, &two, &login, NOW), OK);
    login.host_key = two.binding[0].host_key;
    assert_int_equal(constraints_check_sign(constraints, &two, &login, NOW), ERR_DESTINATION);
    login.host_key = (struct view){0};
    assert_int_equal(constraints_check_sign(constraints, &two, &login, NOW), ERR_DESTINATION);
    free_bindings(&one);
    free_bindings(&two);
    constraints_free(&constraints);
}

/* A user name with a NUL reads differently for those who stop there. */
static void test_nul_in_user(void **state)
{
    struct constraints *constraints = make_constraints("*@a");
    struct bindings bindings = make_bindings("a");
    struct purpose login = make_login(&bindings, "me");

    (void)state;
    login.user = (struct view){(const uint8_t *)"git\0root", 8};
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), ERR_DESTINATION);
    login.user.len = 4;
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), ERR_DESTINATION);
    login.user.len = 3;
    assert_int_equal(constraints_check_sign(constraints, &bindings, &login, NOW), OK);
    free_bindings(&bindings);
    constraints_free(&constraints);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_bind),   cmocka_unit_test(test_never_bound),
        cmocka_unit_test(test_not_a_login),   cmocka_unit_test(test_other_blob),
        cmocka_unit_test(test_other_session), cmocka_unit_test(test_hostbound),
        cmocka_unit_test(test_nul_in_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
