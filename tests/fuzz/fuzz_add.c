/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ADD_IDENTITY and ADD_ID_CONSTRAINED (RFC 9987, section 3.2) as far as the key in the keystore's
 * table: it signs, and what it signs is of its public half.
 *
 * An input is byte 17 or 25, and the message's body.
 */
#include "arena.h"
#include "keytable.h"

#define AGENTC_ADD_ID_CONSTRAINED 25U

struct input {
    struct view body;
    bool constrained;
};

// NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return arena_start();
}

/* What was read is of the message, and no constraint comes out of nothing. */
static void check_request(const struct add_request *add, const struct input *input)
{
    CHECK(view_inside(add->public.n, input->body) && view_inside(add->public.e, input->body));
    CHECK(view_inside(add->public.point, input->body));
    CHECK(view_inside(add->certificate, input->body));
    CHECK(view_inside(add->private_part, input->body) && add->private_part.len > 0);
    CHECK(view_inside(add->comment, input->body));
    CHECK(view_inside(add->destinations, input->body));
    CHECK(add->public.is_cert == (add->certificate.len > 0));
    CHECK(input->constrained ||
          (!add->has_life && add->life == 0 && !add->confirm && add->destinations.len == 0));
}

/* In the table: found by its id, replaced by the same key, and gone once removed. */
static void check_table(struct key **key, struct key **again)
{
    struct key *kept;
    uint64_t id;

    CHECK(keytable_put(key, &kept) == OK && *key == NULL);
    id = kept->id;
    CHECK(keytable_find(id) == kept);
    CHECK(keytable_put(again, &kept) == OK && *again == NULL);
    CHECK(kept->id == id && keytable_find(id) == kept);
    CHECK(keytable_remove(id) == OK && keytable_find(id) == NULL);
    CHECK(keytable_remove(id) == ERR_NOT_FOUND);
}

static void work(void *argument)
{
    const struct input *input = argument;
    struct add_request add;
    struct key *key = NULL;
    struct key *again = NULL;
    enum err err;

    memset(&add, 0xa5, sizeof add);
    err = add_request_parse(input->body, input->constrained, &add);
    if (err != OK) {
        CHECK(is_untouched(&add, 0xa5, sizeof add));
        return;
    }
    check_request(&add, input);
    err = key_new(&add, &key);
    if (err != OK) {
        CHECK(key == NULL);
        return;
    }
    CHECK(key->confirm == add.confirm && key->ready && !key->sealed);
    check_signs(key, &add.public);
    CHECK(key_new(&add, &again) == OK);
    check_table(&key, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;

    if (size == 0) {
        return 0;
    }
    input.constrained = data[0] == AGENTC_ADD_ID_CONSTRAINED;
    input.body = (struct view){data + 1, size - 1};
    arena_run(work, &input);
    return 0;
}
