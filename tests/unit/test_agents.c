/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/agents.c: several agents in one process, each with keys of its own. */
#include "unit.h"

#include <stdio.h>

#include "agents.h"

#define BLOB_SIZE (4 + 11 + 4 + 32)

static enum err put(struct agent *agent, uint64_t id, uint32_t number, uint64_t deadline)
{
    uint8_t blob[BLOB_SIZE];
    uint8_t key[32] = {0};
    struct wire_writer w = wire_writer(blob, sizeof blob);
    const struct identity fields = {
        .id = id, .deadline = deadline, .blob = {blob, sizeof blob}, .path = "/a/path"};

    store_u32(key, number);
    put_text(&w, "ssh-ed25519");
    put_string(&w, (struct view){key, sizeof key});
    return identity_put(&agent->identities, &fields);
}

static int end(void **state)
{
    (void)state;
    agents_free();
    return 0;
}

static void test_names(void **state)
{
    struct agent *work;

    (void)state;
    assert_int_equal(agents_init(""), OK);
    assert_ptr_equal(agents_find(""), agents_first());
    assert_ptr_equal(agents_find("default"), agents_first());
    assert_string_equal(agent_label(agents_first()), "default");
    assert_null(agents_find("work"));
    work = agents_make("work");
    assert_non_null(work);
    assert_ptr_equal(agents_make("work"), work);
    assert_ptr_equal(agents_find("work"), work);
    assert_string_equal(agent_label(work), "work");
    assert_null(agents_find("Work"));
    assert_null(agents_find("wor"));
    assert_ptr_equal(agents_make("default"), agents_first());
    assert_ptr_equal(agents_next(NULL), agents_first());
    assert_ptr_equal(agents_next(agents_first()), work);
    assert_null(agents_next(work));
    assert_int_not_equal(work->number, agents_first()->number);
}

/* A process for one name: a call without an argument gets it, and "default" is a name like others.
 */
static void test_named_process(void **state)
{
    (void)state;
    assert_int_equal(agents_init("work"), OK);
    assert_ptr_equal(agents_find(""), agents_first());
    assert_ptr_equal(agents_find("work"), agents_first());
    assert_null(agents_find("default"));
}

static void test_as_many_as_there_may_be(void **state)
{
    char name[AGENT_NAME_MAX + 1];

    (void)state;
    assert_int_equal(agents_init(""), OK);
    for (unsigned i = 0; i < AGENTS_MAX; i++) {
        snprintf(name, sizeof name, "agent%u", i);
        assert_non_null(agents_make(name));
    }
    assert_null(agents_make("more"));
    assert_non_null(agents_make("agent0"));
}

static void test_keys_of_all(void **state)
{
    struct agent *work;
    struct agent *owner = NULL;
    struct identity *identity;

    (void)state;
    assert_int_equal(agents_init(""), OK);
    work = agents_make("work");
    assert_int_equal(agents_next_deadline(), 0);
    /* The same key in both. */
    assert_int_equal(put(agents_first(), 1, 7, 0), OK);
    assert_int_equal(put(work, 2, 7, 5000), OK);
    assert_int_equal(put(work, 3, 8, 3000), OK);
    identity = agents_find_key(2, &owner);
    assert_non_null(identity);
    assert_ptr_equal(owner, work);
    assert_string_equal(identity->path, "/a/path");
    assert_null(agents_find_key(4, &owner));
    assert_int_equal(agents_next_deadline(), 3000);
    assert_int_equal(agents_expire(3000), 1);
    assert_null(agents_find_key(3, &owner));
    assert_int_equal(agents_next_deadline(), 5000);
    identity_remove_all(&work->identities);
    assert_null(agents_find_key(2, &owner));
    assert_non_null(agents_find_key(1, &owner));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_names, end),
        cmocka_unit_test_teardown(test_named_process, end),
        cmocka_unit_test_teardown(test_as_many_as_there_may_be, end),
        cmocka_unit_test_teardown(test_keys_of_all, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
