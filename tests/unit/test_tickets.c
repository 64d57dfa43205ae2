/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/prompt/tickets.c: what the keystore was sent, and what it is to forget. */
#include "tickets.h"

#include "unit.h"

static void test_life_of_a_ticket(void **state)
{
    struct tickets t = {0};
    uint64_t ticket = 0;

    (void)state;
    assert_int_equal(tickets_next(&t), 1);
    tickets_open(&t, TICKET_KEY);
    tickets_open(&t, TICKET_SECRET);
    tickets_open(&t, TICKET_KEY);
    assert_int_equal(tickets_next(&t), 4);
    assert_int_equal(tickets_ahead(&t), 2);
    assert_false(tickets_to_drop(&t, &ticket));
    assert_int_equal(tickets_take(&t, 3), OK);
    assert_int_equal(tickets_ahead(&t), 1);
    assert_true(tickets_to_drop(&t, &ticket));
    assert_int_equal(ticket, 3);
    tickets_forget(&t, 3);
    assert_false(tickets_to_drop(&t, &ticket));
    assert_int_equal(tickets_take(&t, 3), OK); /* once more is no matter */
    assert_false(tickets_to_drop(&t, &ticket));
    assert_int_equal(tickets_next(&t), 4); /* never used again */
}

static void test_never_given(void **state)
{
    struct tickets t = {0};

    (void)state;
    assert_int_equal(tickets_take(&t, 1), ERR_MALFORMED);
    tickets_open(&t, TICKET_KEY);
    assert_int_equal(tickets_take(&t, 0), ERR_MALFORMED);
    assert_int_equal(tickets_take(&t, 2), ERR_MALFORMED);
    assert_int_equal(tickets_take(&t, UINT64_MAX), ERR_MALFORMED);
    assert_int_equal(tickets_take(&t, 1), OK);
}

/* An agent that never takes a secret: the oldest go, as in the keystore. */
static void test_full(void **state)
{
    struct tickets t = {0};
    uint64_t ticket = 0;

    (void)state;
    for (unsigned i = 0; i < TICKETS_MAX + 10; i++) {
        tickets_open(&t, TICKET_SECRET);
    }
    assert_int_equal(t.count, TICKETS_MAX);
    assert_int_equal(tickets_take(&t, 10), OK);
    assert_false(tickets_to_drop(&t, &ticket));
    assert_int_equal(tickets_take(&t, 11), OK);
    assert_true(tickets_to_drop(&t, &ticket));
    assert_int_equal(ticket, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_a_ticket),
        cmocka_unit_test(test_never_given),
        cmocka_unit_test(test_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
