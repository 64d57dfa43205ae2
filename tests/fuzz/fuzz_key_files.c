/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private key files (keystore/keyfile.h) as far as a key that signs.
 *
 * An input is a byte that says what the rest is: the text of a file, or what stands in base64
 * between the BEGIN and END of a label, so that a mutation is one of the key and not of its base64.
 * Then `byte length, passphrase`, then the rest.
 */
#include "arena.h"
#include "keyfile.h"

#define LINE          ((size_t)64) /* of base64 */
#define STEPS_MAX     300U
#define CHEAP_ROUNDS  2U
#define CHEAP_COUNT   0x1000U /* iterations of PBKDF2 */
#define PARAMETERS    160U    /* bytes of DER in which these stand */
#define ENCRYPTED     "ENCRYPTED PRIVATE KEY"
#define FILE_SIZE_MAX ((size_t)2 * KEY_FILE_MAX)

static const char *const labels[] = {
    NULL, "OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", ENCRYPTED,
};

struct input {
    struct view text;
    struct view passphrase;
    bool is_cheap; /* to decrypt as PEM */
};

// NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return arena_start();
}

/*
 * Could a number of DER at the start be a count that takes long? More than three bytes are refused
 * anyway (PBKDF2_ITERATIONS_MAX). A false yes costs an input.
 */
static bool has_large_count(struct view der)
{
    size_t len = der.len < PARAMETERS ? der.len : PARAMETERS;

    for (size_t i = 0; i + 4 <= len; i++) {
        const uint8_t *at = der.data + i;

        if (at[0] == 0x02 && ((at[1] == 2 && (at[2] << 8 | at[3]) >= (int)CHEAP_COUNT) ||
                              at[1] == 3 || (at[1] == 4 && at[2] == 0))) {
            return true;
        }
    }
    return false;
}

/* The same of a whole text. */
static bool is_cheap_text(struct view text)
{
    const uint8_t *label = memmem(text.data, text.len, ENCRYPTED, strlen(ENCRYPTED));
    const uint8_t *line = label;
    uint8_t der[PARAMETERS];
    size_t left;
    size_t len = 0;

    if (label != NULL) {
        line = memchr(label, '\n', text.len - (size_t)(label - text.data));
    }
    if (line == NULL) {
        return true;
    }
    left = text.len - (size_t)(line - text.data);
    sodium_base642bin(der, sizeof der, (const char *)line, left < PARAMETERS ? left : PARAMETERS,
                      " \t\r\n", &len, NULL, sodium_base64_VARIANT_ORIGINAL);
    return !has_large_count((struct view){der, len});
}

static size_t put_armored(char *ret, const char *label, struct view bytes)
{
    size_t len = (size_t)sprintf(ret, "-----BEGIN %s-----\n", label);

    for (size_t at = 0; at < bytes.len; at += LINE / 4 * 3) {
        size_t part = bytes.len - at < LINE / 4 * 3 ? bytes.len - at : LINE / 4 * 3;

        sodium_bin2base64(ret + len, LINE + 1, bytes.data + at, part,
                          sodium_base64_VARIANT_ORIGINAL);
        len += strlen(ret + len);
        ret[len++] = '\n';
    }
    return len + (size_t)sprintf(ret + len, "-----END %s-----\n", label);
}

/* The file is sealed: some steps, or all where they are few. */
static enum err unseal(const struct input *input, const struct keyfile *file, struct view bytes,
                       struct keyfile_key *ret)
{
    struct unseal *work = NULL;
    unsigned steps = 0;
    bool done = false;
    enum err err = unseal_begin(file, bytes, input->passphrase, &work);

    if (err != OK) {
        CHECK(work == NULL);
        return err;
    }
    err = ERR_SEALED;
    while (!done &&
           (file->pem ? input->is_cheap : file->rounds <= CHEAP_ROUNDS || steps < STEPS_MAX)) {
        done = unseal_step(work);
        steps++;
    }
    if (done) {
        err = unseal_result(work, ret);
    }
    unseal_end(&work);
    CHECK(work == NULL);
    return err;
}

/* What was opened is in its own memory, and its public half is that of the header. */
static void check_opened(const struct keyfile *file, const struct keyfile_key *key)
{
    const struct view own = {key->bytes, secret_size(key->bytes)};
    struct public_key header;

    CHECK(view_inside(key->add.private_part, own) && key->add.private_part.len > 0);
    CHECK(view_inside(key->add.public.n, own) && view_inside(key->add.public.e, own));
    CHECK(view_inside(key->add.public.point, own) && view_inside(key->add.comment, own));
    CHECK(key->add.certificate.len == 0 && !key->add.public.is_cert);
    CHECK(!key->add.confirm && !key->add.has_life && key->add.destinations.len == 0);
    if (file->blob.len > 0) {
        CHECK(public_key_parse(file->blob, &header) == OK);
        CHECK(public_key_same(&header, &key->add.public));
    }
}

/* A key at once; and one that was listed sealed, with the file, before it was opened. */
static void check_keys(const struct keyfile_key *opened, struct view bytes)
{
    struct add_request sealed = opened->add;
    struct key *key = NULL;
    enum err err = key_new(&opened->add, &key);

    if (err == OK) {
        check_signs(key, &opened->add.public);
    }
    key_free(&key);
    sealed.private_part = bytes;
    if (key_of_file(&sealed, true, &key) != OK) {
        CHECK(err != OK && key == NULL);
        return;
    }
    CHECK(key_open(key, &opened->add) == err);
    CHECK(key->sealed == (err != OK));
    if (err == OK) {
        check_signs(key, &opened->add.public);
    }
    key_free(&key);
}

static enum err open_bytes(const struct input *input, struct view bytes, struct keyfile *file,
                           struct keyfile_key *ret)
{
    enum err err = keyfile_parse(bytes, file);

    if (err != OK) {
        CHECK(is_untouched(file, 0xa5, sizeof *file));
        return err;
    }
    CHECK(view_inside(file->blob, bytes) && view_inside(file->salt, bytes));
    CHECK(view_inside(file->secret, bytes) && view_inside(file->tag, bytes));
    CHECK(file->rounds <= BCRYPT_ROUNDS_MAX);
    err = keyfile_open(file, bytes, ret);
    if (!file->sealed) {
        CHECK(err != ERR_SEALED && err != ERR_PASSPHRASE);
        return err;
    }
    CHECK(err == ERR_SEALED && is_untouched(ret, 0xa5, sizeof *ret));
    return unseal(input, file, bytes, ret);
}

static void work(void *argument)
{
    const struct input *input = argument;
    struct keyfile_key opened;
    struct keyfile file;
    uint8_t *bytes = NULL;
    size_t len = 0;

    memset(&file, 0xa5, sizeof file);
    memset(&opened, 0xa5, sizeof opened);
    if (keyfile_decode(input->text, &bytes, &len) != OK) {
        CHECK(bytes == NULL && len == 0);
        return;
    }
    CHECK(len <= secret_size(bytes));
    if (open_bytes(input, (struct view){bytes, len}, &file, &opened) == OK) {
        check_opened(&file, &opened);
        check_keys(&opened, (struct view){bytes, len});
        keyfile_key_free(&opened);
    } else {
        CHECK(is_untouched(&opened, 0xa5, sizeof opened));
    }
    secret_free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_reader r = wire_reader(data, size);
    size_t label = wire_u8(&r) % (sizeof labels / sizeof labels[0]);
    struct input input = {.passphrase = wire_bytes(&r, wire_u8(&r))};
    char *armored = NULL;

    input.text = wire_rest(&r);
    if (r.err != OK || input.text.len > FILE_SIZE_MAX) {
        return 0;
    }
    input.is_cheap = label == 0 ? is_cheap_text(input.text) : !has_large_count(input.text);
    if (label > 0) {
        armored = malloc(128 + 2 * input.text.len);
        CHECK(armored != NULL);
        input.text =
            (struct view){(uint8_t *)armored, put_armored(armored, labels[label], input.text)};
    }
    arena_run(work, &input);
    free(armored);
    return 0;
}
