/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent/known_hosts*.c and hops.c. An input is text in parts: the name that is looked up, a
 * pattern, a -h option in each line, a host's key or certificate in base64, and then files.
 */
#include "fuzz.h"

#include <ctype.h>
#include <sodium.h>

#include "constraint_fields.h"
#include "hops.h"
#include "known_hosts.h"

#define FILES_MAX 4U
#define NAMES_MAX 1024U
#define HOPS_MAX  4U
#define NOW       1700000000U /* when the seeds' certificates are valid */

struct input {
    struct view name;
    struct view pattern;
    struct view hops;
    struct view key;
    struct view files[FILES_MAX];
    size_t file_count;
};

static size_t count_lines(struct view text)
{
    size_t lines = text.len > 0 && text.data[text.len - 1] != '\n' ? 1 : 0;

    for (size_t i = 0; i < text.len; i++) {
        lines += text.data[i] == '\n';
    }
    return lines;
}

/* One after the other. */
static struct known_hosts *add_files(const struct input *input, size_t *ret_skipped)
{
    struct known_hosts *hosts = known_hosts_new();

    *ret_skipped = 0;
    for (size_t i = 0; i < input->file_count; i++) {
        struct view file = view_copy(input->files[i]);
        size_t skipped = 0;

        CHECK(known_hosts_add(hosts, file, &skipped) == OK);
        CHECK(skipped <= count_lines(file));
        *ret_skipped += skipped;
        view_free(&file);
    }
    return hosts;
}

/* The same lines in one file. */
static struct known_hosts *add_joined(const struct input *input, size_t *ret_skipped)
{
    struct known_hosts *hosts = known_hosts_new();
    uint8_t *text = NULL;
    size_t len = 0;

    for (size_t i = 0; i < input->file_count; i++) {
        text = realloc(text, len + input->files[i].len + 1);
        memcpy(text + len, input->files[i].data, input->files[i].len);
        len += input->files[i].len;
        text[len++] = '\n';
    }
    CHECK(known_hosts_add(hosts, (struct view){text, len}, ret_skipped) == OK);
    free(text);
    return hosts;
}

static bool has_key(const struct known_hosts *hosts, struct view name, struct view wanted)
{
    struct view key;
    bool authority;
    size_t at = 0;

    while (known_hosts_next_key(hosts, name, &at, &key, &authority)) {
        if (!authority && view_equal(key, wanted)) {
            return true;
        }
    }
    return false;
}

/* Each name that is proved for a key is found by its pattern, and leads back to the key. */
static void check_name(const struct known_hosts *hosts, struct view key, struct view name)
{
    struct public_key parsed;
    char text[NAMES_MAX];

    memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    CHECK(known_hosts_match(hosts, key, NOW, text));
    CHECK(known_hosts_match(hosts, key, NOW, "*"));
    if (public_key_parse(key, &parsed) == OK && !parsed.is_cert) {
        CHECK(has_key(hosts, name, key));
    }
}

static void check_names(const struct known_hosts *hosts, struct view key, size_t cap)
{
    char names[NAMES_MAX];
    bool known = false;
    size_t count;
    const char *at = names;

    memset(names, 'N', sizeof names);
    count = known_hosts_names(hosts, key, NOW, names, cap, &known);
    CHECK(is_printable(names, cap));
    CHECK(count == 0 || known);
    CHECK(!known || !known_hosts_is_revoked(hosts, key));
    CHECK((count == 0) == (names[0] == '\0'));
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(at, ",");

        check_name(hosts, key, (struct view){(const uint8_t *)at, len});
        at += len;
        if (i + 1 < count) {
            CHECK(strncmp(at, ", ", 2) == 0);
            at += 2;
        }
    }
    CHECK(*at == '\0');
}

/* What one has is what the other has, in the same order; and none is revoked or there twice. */
static void check_keys(const struct known_hosts *hosts, const struct known_hosts *same,
                       struct view name)
{
    struct view before = {0};
    bool before_authority = false;
    struct public_key parsed;
    struct view key;
    struct view other;
    bool authority;
    bool other_authority;
    size_t at = 0;
    size_t at_same = 0;

    while (known_hosts_next_key(hosts, name, &at, &key, &authority)) {
        CHECK(known_hosts_next_key(same, name, &at_same, &other, &other_authority));
        CHECK(view_equal(key, other) && authority == other_authority);
        CHECK(key.len > 0 && key.len <= HOST_KEY_MAX);
        CHECK(!known_hosts_is_revoked(hosts, key));
        CHECK(before.len == 0 || authority != before_authority || !view_equal(key, before));
        CHECK(public_key_parse(key, &parsed) != OK || !parsed.is_cert);
        check_names(hosts, key, NAMES_MAX);
        before = key;
        before_authority = authority;
    }
    CHECK(!known_hosts_next_key(same, name, &at_same, &other, &other_authority));
    CHECK(at == at_same);
}

static void check_case(const struct known_hosts *hosts, struct view name)
{
    struct view upper = view_copy(name);
    uint8_t *bytes = (uint8_t *)upper.data;

    for (size_t i = 0; i < upper.len; i++) {
        bytes[i] = (uint8_t)(bytes[i] < 0x80 ? toupper(bytes[i]) : bytes[i]);
    }
    check_keys(hosts, hosts, upper);
    for (size_t at = 0, at_upper = 0;;) {
        struct view key;
        struct view other;
        bool authority;
        bool more = known_hosts_next_key(hosts, name, &at, &key, &authority);

        CHECK(more == known_hosts_next_key(hosts, upper, &at_upper, &other, &authority));
        if (!more) {
            break;
        }
        CHECK(view_equal(key, other));
    }
    view_free(&upper);
}

/* A pattern means the same in both; a literal one is found only where its name leads to the key. */
static void check_pattern(const struct known_hosts *hosts, const struct known_hosts *same,
                          const struct input *input, struct view key)
{
    char pattern[NAMES_MAX];
    size_t len = input->pattern.len < sizeof pattern ? input->pattern.len : sizeof pattern - 1;
    bool known;
    bool match;

    memcpy(pattern, input->pattern.data, len);
    pattern[len] = '\0';
    match = known_hosts_match(hosts, key, NOW, pattern);
    CHECK(match == known_hosts_match(same, key, NOW, pattern));
    CHECK(!match || !known_hosts_is_revoked(hosts, key));
    (void)known_hosts_names(hosts, key, NOW, (char[NAMES_MAX]){0}, NAMES_MAX, &known);
    CHECK(!match || known);
}

/* Those of types that nobody can verify are left out. */
static bool next_verifiable(const struct known_hosts *hosts, struct view name, size_t *at,
                            struct view *ret_key, bool *ret_authority)
{
    struct public_key parsed;

    while (known_hosts_next_key(hosts, name, at, ret_key, ret_authority)) {
        if (public_key_parse(*ret_key, &parsed) == OK) {
            return true;
        }
    }
    return false;
}

static void check_end(const struct end *end, const struct known_hosts *hosts)
{
    struct wire_reader r = wire_reader(end->keys.data, end->keys.len);
    struct view blob;
    struct view key;
    bool authority;
    bool is_authority;
    size_t count = 0;
    size_t at = 0;

    while (next_key(&r, &blob, &authority)) {
        CHECK(next_verifiable(hosts, end->host, &at, &key, &is_authority));
        CHECK(view_equal(key, blob) && authority == is_authority);
        count++;
    }
    CHECK((count == 0) == (end->host.len == 0));
    CHECK(count == 0 || !next_verifiable(hosts, end->host, &at, &key, &is_authority));
}

/* The constraints of -h options name the keys that known_hosts has, all of them, and no other. */
static void check_hops(const struct known_hosts *hosts, struct view text)
{
    struct view hops[HOPS_MAX];
    struct constraints *const nothing = (void *)hops;
    struct constraints *constraints = nothing;
    char why[HOPS_WHY_MAX];
    char shown[64];
    size_t count = 0;
    enum err err;

    while (text.len > 0 && count < HOPS_MAX) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data);

        hops[count++] = (struct view){text.data, len};
        text.data += len + (end != NULL);
        text.len -= len + (end != NULL);
    }
    memset(why, 'W', sizeof why);
    err = hops_constraints(hops, count, hosts, &constraints, why);
    if (err != OK) {
        CHECK(err == ERR_MALFORMED || err == ERR_NOT_FOUND || err == ERR_TOO_BIG);
        CHECK(constraints == nothing);
        CHECK(is_printable(why, sizeof why) && strncmp(why, "-h", 2) == 0);
        return;
    }
    CHECK((constraints == NULL) == (count == 0));
    CHECK(constraints_permit(constraints, NULL, NULL, NOW));
    for (size_t i = 0; i < count; i++) {
        check_end(&constraints->list[i].from, hosts);
        check_end(&constraints->list[i].to, hosts);
    }
    if (count > 0) {
        memset(shown, 'S', sizeof shown);
        constraints_describe(constraints, shown, sizeof shown);
        CHECK(is_printable(shown, sizeof shown) && shown[0] != '\0');
    }
    constraints_free(&constraints);
}

static struct input split(const uint8_t *data, size_t size)
{
    struct view rest = {data, size};
    struct input input;

    input.name = take_part(&rest);
    input.pattern = take_part(&rest);
    input.hops = take_part(&rest);
    input.key = take_part(&rest);
    for (input.file_count = 0; input.file_count < FILES_MAX && rest.len > 0; input.file_count++) {
        input.files[input.file_count] = take_part(&rest);
    }
    return input;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = split(data, size);
    uint8_t blob[HOST_KEY_MAX + 64];
    struct view key = {blob, 0};
    struct known_hosts *hosts;
    struct known_hosts *joined;
    size_t skipped;
    size_t skipped_joined = 0;

    if (sodium_base642bin(blob, sizeof blob, (const char *)input.key.data, input.key.len, NULL,
                          &key.len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
        key.len = 0;
    }
    hosts = add_files(&input, &skipped);
    joined = add_joined(&input, &skipped_joined);
    CHECK(skipped == skipped_joined);

    check_keys(hosts, joined, input.name);
    check_case(hosts, input.name);
    check_names(hosts, key, NAMES_MAX);
    check_names(hosts, key, 1 + input.name.len % 64);
    check_pattern(hosts, joined, &input, key);
    check_hops(hosts, input.hops);

    known_hosts_free(&joined);
    known_hosts_free(&hosts);
    CHECK(hosts == NULL && joined == NULL);
    return 0;
}
