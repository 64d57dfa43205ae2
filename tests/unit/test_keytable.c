/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/keytable.c */
#include "held_keys.h"

#include "keytable.h"

static int start(void **state)
{
    (void)state;
    held_keys_init();
    return 0;
}

static int clear(void **state)
{
    (void)state;
    keytable_clear();
    return 0;
}

/* Puts a key of this agent. */
static struct key *put_for(uint32_t agent, struct key *key)
{
    struct key *kept = NULL;

    key->agent = agent;
    assert_int_equal(keytable_put(&key, &kept), OK);
    return kept;
}

/* Puts a fresh key with this deadline. */
static struct key *put(uint64_t deadline)
{
    struct key *key = fresh_key();
    struct key *kept = NULL;
    struct key *same = key;

    key->deadline = deadline;
    assert_int_equal(keytable_put(&key, &kept), OK);
    assert_null(key);
    assert_ptr_equal(kept, same);
    return kept;
}

/* Another struct key of the same key. */
static struct key *twin(const struct key *of)
{
    struct view secret = {of->private_part + 4, crypto_sign_SECRETKEYBYTES};
    struct view public = {of->private_part + 4 + 32, crypto_sign_PUBLICKEYBYTES};
    struct openssh_key from = {.type = text_view("ssh-ed25519"),
                               .field = {public, secret},
                               .fields = ED25519_FIELDS,
                               .comment = text_view("twin")};
    struct key *key = NULL;

    assert_int_equal(key_of(&from, &key), OK);
    return key;
}

static size_t count(void)
{
    size_t slot = 0;
    size_t n = 0;

    while (keytable_next(&slot) != NULL) {
        n++;
    }
    assert_null(keytable_next(&slot));
    return n;
}

static void test_put_find_remove(void **state)
{
    struct key *a = put(0);
    struct key *b = put(0);
    uint64_t a_id = a->id;

    (void)state;
    assert_true(a->id != 0 && b->id != 0 && a->id != b->id);
    assert_ptr_equal(keytable_find(a->id), a);
    assert_ptr_equal(keytable_find(b->id), b);
    assert_int_equal(keytable_remove(a_id), OK);
    assert_null(keytable_find(a_id));
    assert_int_equal(keytable_remove(a_id), ERR_NOT_FOUND);
    assert_ptr_equal(keytable_find(b->id), b);
    assert_int_equal(count(), 1);
}

static void test_ids_that_are_none(void **state)
{
    struct key *key = put(0);
    static const uint64_t ids[] = {0, 1, 0xffff, 0x10000, UINT64_MAX, UINT64_MAX - 0xffff};

    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_null(keytable_find(key->id ^ (uint64_t)1 << bit));
        assert_int_equal(keytable_remove(key->id ^ (uint64_t)1 << bit), ERR_NOT_FOUND);
    }
    for (size_t i = 0; i < COUNT(ids); i++) {
        if (ids[i] != key->id) {
            assert_null(keytable_find(ids[i]));
            assert_int_equal(keytable_remove(ids[i]), ERR_NOT_FOUND);
        }
    }
    assert_ptr_equal(keytable_find(key->id), key);
}

/* A place is used again, its id is not; nor is a serial. */
static void test_ids_are_never_used_again(void **state)
{
    uint64_t seen[100];
    uint64_t serials[COUNT(seen)];

    (void)state;
    for (size_t i = 0; i < COUNT(seen); i++) {
        struct key *key = put(0);

        seen[i] = key->id;
        serials[i] = key->serial;
        for (size_t j = 0; j < i; j++) {
            assert_true(seen[j] != seen[i]);
            assert_true(serials[j] != serials[i]);
            assert_null(keytable_find(seen[j]));
        }
        if (i % 3 == 0) {
            keytable_clear();
        } else {
            assert_int_equal(keytable_remove(seen[i]), OK);
        }
    }
    assert_int_equal(count(), 0);
}

static void test_replacement_keeps_the_id(void **state)
{
    struct key *first = put(0);
    struct key *other = put(0);
    uint64_t id = first->id;
    uint64_t serial = first->serial;
    struct key *again = twin(first);
    struct key *kept = NULL;

    (void)state;
    again->confirm = true;
    again->deadline = 7;
    assert_int_equal(keytable_put(&again, &kept), OK);
    assert_null(again);
    assert_true(kept->id == id);
    assert_true(kept->serial != serial && kept->serial != other->serial);
    assert_ptr_equal(keytable_find(id), kept);
    assert_true(kept->confirm);
    assert_true(kept->deadline == 7);
    assert_int_equal(kept->comment_len, 4);
    assert_int_equal(count(), 2);
    assert_ptr_equal(keytable_find(other->id), other);
}

/* The same blob of two agents is two keys. */
static void test_agents(void **state)
{
    static const uint32_t agents[] = {0, 1, UINT32_MAX};
    struct key *first = put_for(0, fresh_key());
    uint64_t ids[COUNT(agents)] = {first->id};
    uint64_t other = put_for(1, fresh_key())->id;

    (void)state;
    for (size_t i = 1; i < COUNT(agents); i++) {
        ids[i] = put_for(agents[i], twin(first))->id;
        for (size_t j = 0; j < i; j++) {
            assert_true(ids[j] != ids[i]);
        }
    }
    assert_int_equal(count(), 4);
    assert_true(put_for(1, twin(first))->id == ids[1]);
    assert_int_equal(count(), 4);
    keytable_clear_agent(2);
    assert_int_equal(count(), 4);
    keytable_clear_agent(1);
    assert_int_equal(count(), 2);
    assert_null(keytable_find(ids[1]));
    assert_null(keytable_find(other));
    assert_ptr_equal(keytable_find(ids[0]), first);
    assert_int_equal(keytable_find(ids[2])->agent, UINT32_MAX);
    assert_true(put_for(1, twin(first))->id != ids[1]);
}

static void test_expiry(void **state)
{
    uint64_t never = put(0)->id;
    uint64_t late = put(3000)->id;
    uint64_t early = put(1000)->id;
    uint64_t middle = put(2000)->id;

    (void)state;
    keytable_expire(0);
    keytable_expire(999);
    assert_int_equal(count(), 4);
    keytable_expire(1000);
    assert_null(keytable_find(early));
    assert_int_equal(count(), 3);
    keytable_expire(1999);
    assert_int_equal(count(), 3);
    keytable_expire(2500);
    assert_null(keytable_find(middle));
    assert_non_null(keytable_find(late));
    early = put(2600)->id;
    keytable_expire(2600);
    assert_null(keytable_find(early));
    assert_non_null(keytable_find(late));
    keytable_expire(UINT64_MAX);
    assert_null(keytable_find(late));
    assert_non_null(keytable_find(never));
    keytable_expire(UINT64_MAX);
    assert_int_equal(count(), 1);
}

/* The constraint of the key that is held counts, not that of the one before. */
static void test_expiry_after_replacement(void **state)
{
    struct key *key = put(1000);
    uint64_t id = key->id;
    struct key *again = twin(key);

    (void)state;
    assert_int_equal(keytable_put(&again, &key), OK);
    keytable_expire(5000);
    assert_non_null(keytable_find(id));
    again = twin(key);
    again->deadline = 6000;
    assert_int_equal(keytable_put(&again, &key), OK);
    keytable_expire(5999);
    assert_non_null(keytable_find(id));
    keytable_expire(6000);
    assert_null(keytable_find(id));
}

static void test_as_many_as_there_may_be(void **state)
{
    size_t empty = arena_bytes_used();
    struct key *first = put(0);
    struct key *key;
    struct key *kept = NULL;

    (void)state;
    for (unsigned i = 1; i < KEYS_MAX; i++) {
        put(0);
    }
    assert_int_equal(count(), KEYS_MAX);
    key = fresh_key();
    assert_int_equal(keytable_put(&key, &kept), ERR_TOO_MANY);
    assert_non_null(key);
    assert_null(kept);
    assert_int_equal(count(), KEYS_MAX);

    /* One that is there may still be replaced, and one that goes makes room. */
    kept = twin(first);
    assert_int_equal(keytable_put(&kept, &first), OK);
    assert_int_equal(keytable_remove(first->id), OK);
    assert_int_equal(keytable_put(&key, &kept), OK);
    keytable_clear();
    assert_int_equal(count(), 0);
    assert_int_equal(arena_bytes_used(), empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_put_find_remove, clear),
        cmocka_unit_test_teardown(test_ids_that_are_none, clear),
        cmocka_unit_test_teardown(test_ids_are_never_used_again, clear),
        cmocka_unit_test_teardown(test_replacement_keeps_the_id, clear),
        cmocka_unit_test_teardown(test_agents, clear),
        cmocka_unit_test_teardown(test_expiry, clear),
        cmocka_unit_test_teardown(test_expiry_after_replacement, clear),
        cmocka_unit_test_teardown(test_as_many_as_there_may_be, clear),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
