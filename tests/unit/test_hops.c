/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/hops.c: -h, beside what the installed ssh-add makes of it. */
#include "known_hosts_files.h"
#include "ssh_add.h"

#include "constraint_fields.h"
#include "hops.h"

#define TOLD_MAX 4U

static struct known_hosts *hosts;
static bool no_memory;

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

void *__wrap_malloc(size_t n)
{
    return no_memory ? NULL : __real_malloc(n);
}

/* The file "known_hosts", for both. */
static int start_with_hosts(void **state)
{
    static const char *const hash[] = {"ssh-keygen", "-q", "-H", "-f", "hashed", NULL};
    struct view hashed;
    char text[16384];

    start(state);
    snprintf(text, sizeof text, "hashed.example,[hashed.example]:2222 %s\nHashed2.example %s\n",
             host_line, other_line);
    keygen_write("hashed", text_view(text));
    keygen_run(NULL, hash);
    hashed = keygen_read("hashed");
    assert_null(strstr((const char *)hashed.data, "example"));
    snprintf(text, sizeof text,
             "# a comment\n"
             "a.example,alias.example %s\n"
             "B.Example %s\n"
             "[a.example]:2222,[port.example]:22 %s\n"
             "*.pattern.example,!no.pattern.example %s a comment\n"
             "two.example %s\n"
             "two.example,three.example %s\n"
             "two.example %s\n"
             "@cert-authority *.ca.example,two.example %s\n"
             "@cert-authority two.example %s\n"
             "@revoked revoked.example %s\n"
             "withdrawn.example %s\n"
             "broken.example ssh-ed25519 AAAA\n"
             "%s",
             host_line, other_line, other_line, host_line, host_line, other_line, host_line,
             authority_line, host_line, authority2_line, authority2_line,
             (const char *)hashed.data);
    keygen_write("known_hosts", text_view(text));
    hosts = load(text, 1);
    view_free(&hashed);
    return 0;
}

static int stop_with_hosts(void **state)
{
    known_hosts_free(&hosts);
    return stop(state);
}

static size_t count_told(const char *const told[TOLD_MAX])
{
    size_t count = 1;

    while (count < TOLD_MAX && told[count] != NULL) {
        count++;
    }
    return count;
}

/* Each text in a block of its own size; what was made is the caller's. */
static enum err make(const struct known_hosts *from, const char *const *told, size_t count,
                     struct constraints **ret, char *why)
{
    struct view hops[TOLD_MAX];
    enum err err;

    for (size_t i = 0; i < count; i++) {
        hops[i] = exact_copy(told[i], strlen(told[i]));
    }
    err = hops_constraints(hops, count, from, ret, why);
    for (size_t i = 0; i < count; i++) {
        view_free(&hops[i]);
    }
    return err;
}

/* A refusal, with its text. */
static void assert_refused(const struct known_hosts *from, struct view hop, enum err want,
                           const char *want_why)
{
    struct constraints *constraints = (struct constraints *)&hop;
    char why[HOPS_WHY_MAX] = "";

    assert_int_equal(hops_constraints(&hop, 1, from, &constraints, why), want);
    assert_ptr_equal(constraints, &hop);
    if (strstr(why, want_why) == NULL) {
        fail_msg("\"%s\" has no \"%s\"", why, want_why);
    }
    for (size_t i = 0; why[i] != '\0'; i++) {
        assert_true(why[i] >= ' ' && why[i] <= '~');
    }
}

static bool has_all_keys(const struct end *end, const struct end *of)
{
    struct wire_reader want = wire_reader(of->keys.data, of->keys.len);
    struct view key;
    bool authority;

    while (next_key(&want, &key, &authority)) {
        struct wire_reader r = wire_reader(end->keys.data, end->keys.len);
        bool found = false;
        struct view other;
        bool other_authority;

        while (next_key(&r, &other, &other_authority)) {
            found = found || (view_equal(key, other) && authority == other_authority);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static void assert_same_end(const struct end *a, const struct end *b)
{
    assert_view_equal(a->host, b->host);
    assert_true(has_all_keys(a, b) && has_all_keys(b, a));
}

/* As ssh-add does: what it sends and what is made here are the same, or both refuse. */
static void test_as_ssh_add(void **state)
{
    static const struct {
        bool refused;
        const char *told[TOLD_MAX];
    } table[] = {
        {false, {"a.example"}},
        {false, {"A.Example"}},
        {false, {"alias.example"}},
        {false, {"b.example"}},
        {false, {"git@a.example"}},
        {false, {"?*@a.example"}},
        {false, {"@a.example"}},
        {false, {"a.example>b.example"}},
        {false, {"a.example>@b.example"}},
        {false, {"a.example", "a.example>root@b.example", "b.example>x.pattern.example"}},
        {false, {"a.example", "a.example"}},
        {false, {"[a.example]:2222"}},
        {false, {"[A.example]:2222>git@[port.example]:22"}},
        {false, {"hashed.example", "[hashed.example]:2222", "hashed2.example"}},
        {false, {"x.pattern.example", "*.pattern.example"}},
        {false, {"x.ca.example>two.example"}},
        {false, {"three.example"}},
        {true, {"nowhere.example"}},
        {true, {"a.example", "a.example>nowhere.example"}},
        {true, {"nowhere.example>a.example"}},
        {true, {"no.pattern.example"}},
        {true, {"port.example"}},
        {true, {"[a.example]"}},
        {true, {"[a.example]:22"}},
        {true, {"hashed.example:2222"}},
        {true, {"ca.example"}},
        {true, {"revoked.example"}},
        {true, {"broken.example"}},
        {true, {"|1|"}},
        {true, {"a.example,alias.example"}},
        {true, {"a.example "}},
        {true, {" a.example"}},
        {true, {""}},
        {true, {">"}},
        {true, {">a.example"}},
        {true, {"a.example>"}},
        {true, {"user@a.example>b.example"}},
        {true, {"@a.example>b.example"}},
        {true, {"user@host@a.example"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        size_t count = count_told(table[i].told);
        struct view sent = ssh_add(table[i].told, count);
        struct constraints *want = NULL;
        struct constraints *constraints = NULL;
        char why[HOPS_WHY_MAX];
        enum err err = make(hosts, table[i].told, count, &constraints, why);

        if ((err != OK) != table[i].refused || (sent.len == 0) != table[i].refused) {
            fail_msg("%s: %s; ssh-add %s it", table[i].told[0], err_text(err),
                     sent.len > 0 ? "takes" : "refuses");
        }
        if (err == OK) {
            assert_int_equal(constraints_parse(sent, &want), OK);
            assert_int_equal(constraints->count, want->count);
            for (size_t k = 0; k < want->count; k++) {
                const struct constraint *a = &constraints->list[k];
                const struct constraint *b = &want->list[k];

                assert_same_end(&a->from, &b->from);
                assert_same_end(&a->to, &b->to);
                assert_true(view_equal(a->user, b->user));
            }
        }
        constraints_free(&want);
        constraints_free(&constraints);
        view_free(&sent);
    }
}

/* Where ssh-add makes something that holds for nothing, or for something else than was meant. */
static void test_stricter_than_ssh_add(void **state)
{
    static const struct {
        const char *told;
        enum err err;
        const char *why;
    } table[] = {
        {"user@", ERR_MALFORMED, "a host is missing"},
        {"@", ERR_MALFORMED, "a host is missing"},
        {"a.example>user@", ERR_MALFORMED, "a host is missing"},
        {"a.example>b.example>x.pattern.example", ERR_MALFORMED, "it is not [USER@]HOST"},
        {"user@host@x.pattern.example", ERR_MALFORMED, "it is not [USER@]HOST"},
        /* Its key is revoked, under another name. */
        {"withdrawn.example", ERR_NOT_FOUND, "no host keys found for withdrawn.example"},
    };
    /* The name is hashed in lower case: ssh-add does not find it. */
    static const char *const capitals = "HASHED.example";
    struct constraints *constraints = NULL;
    char why[HOPS_WHY_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct view sent = ssh_add(&table[i].told, 1);

        assert_true(sent.len > 0);
        view_free(&sent);
        assert_refused(hosts, text_view(table[i].told), table[i].err, table[i].why);
    }
    assert_int_equal(make(hosts, &capitals, 1, &constraints, why), OK);
    constraints_free(&constraints);
}

static void test_texts(void **state)
{
    static const struct {
        const char *told;
        enum err err;
        const char *why;
    } table[] = {
        {"git@host-b>c", ERR_MALFORMED, "-h \"git@host-b>c\": a user can stand behind the > only"},
        {"", ERR_MALFORMED, "-h \"\": a host is missing; it is [USER@]HOST or HOST>[USER@]HOST"},
        {"a.example>git@far.example", ERR_NOT_FOUND,
         "-h \"a.example>git@far.example\": no host keys found for far.example in known_hosts; "
         "copy "
         "its lines to the vault's ~/.ssh/known_hosts (the host at another port is called "
         "[HOST]:PORT)"},
        {"near.example>a.example", ERR_NOT_FOUND, "no host keys found for near.example in"},
        {"\x1b[2J\xff", ERR_NOT_FOUND, "-h \"?[2J?\""},
    };
    struct known_hosts *none = known_hosts_new();
    char text[USER_MAX + HOST_MAX + 64];

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_refused(hosts, text_view(table[i].told), table[i].err, table[i].why);
    }
    assert_refused(none, text_view("a.example"), ERR_NOT_FOUND, "no host keys found for a.example");
    known_hosts_free(&none);
    assert_refused(hosts, (struct view){(const uint8_t *)"a.example\0", 10}, ERR_MALFORMED,
                   "it is not");
    assert_refused(hosts, (struct view){(const uint8_t *)"a\0@a.example", 12}, ERR_MALFORMED,
                   "it is not");

    snprintf(text, sizeof text, "%0*u@a.example", (int)USER_MAX + 1, 0U);
    assert_refused(hosts, text_view(text), ERR_TOO_BIG, "longer than any name");
    snprintf(text, sizeof text, "%0*u>a.example", (int)HOST_MAX + 1, 0U);
    assert_refused(hosts, text_view(text), ERR_TOO_BIG, "longer than any name");
    snprintf(text, sizeof text, "%0*u", (int)HOST_MAX + 1, 0U);
    assert_refused(hosts, text_view(text), ERR_TOO_BIG, "longer than any name");
    snprintf(text, sizeof text, "%0*u", (int)HOST_MAX, 0U);
    assert_refused(hosts, text_view(text), ERR_NOT_FOUND, "no host keys found for 0000");
}

/* A file with so many keys of a host, each len bytes after its type. */
static struct known_hosts *many_keys(const char *type, size_t count, size_t len)
{
    size_t cap = count * (2 * len + 128);
    char *text = malloc(cap);
    size_t used = 0;
    struct known_hosts *made;

    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[HOST_KEY_MAX] = {0};
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_text(&w, type);
        put_u32(&w, (uint32_t)len);
        put_u32(&w, (uint32_t)i);
        used += (size_t)snprintf(text + used, cap - used, "many.example %s ", type);
        assert_non_null(sodium_bin2base64(text + used, cap - used, bytes, w.len - 4 + len,
                                          sodium_base64_VARIANT_ORIGINAL));
        used += strlen(text + used);
        text[used++] = '\n';
    }
    made = load_bytes((struct view){(const uint8_t *)text, used}, 0);
    free(text);
    return made;
}

static void test_many_keys(void **state)
{
    static const char *const told = "many.example";
    struct known_hosts *most = many_keys("ssh-ed25519", CONSTRAINT_KEYS_MAX, 32);
    struct known_hosts *more = many_keys("ssh-ed25519", CONSTRAINT_KEYS_MAX + 1, 32);
    struct known_hosts *foreign = many_keys("ssh-future", 1, 4);
    struct constraints *constraints = NULL;
    char why[HOPS_WHY_MAX];

    (void)state;
    assert_int_equal(make(most, &told, 1, &constraints, why), OK);
    constraints_free(&constraints);
    assert_refused(more, text_view(told), ERR_TOO_BIG,
                   "known_hosts has more than 64 host keys for many.example");
    assert_refused(foreign, text_view(told), ERR_NOT_FOUND, "no host keys found");
    known_hosts_free(&most);
    known_hosts_free(&more);
    known_hosts_free(&foreign);
}

static void test_many_hops(void **state)
{
    struct view *hops = calloc(CONSTRAINTS_MAX + 1, sizeof *hops);
    struct constraints *constraints = NULL;
    char why[HOPS_WHY_MAX] = "";

    (void)state;
    assert_non_null(hops);
    for (size_t i = 0; i <= CONSTRAINTS_MAX; i++) {
        hops[i] = text_view("a.example");
    }
    assert_int_equal(hops_constraints(hops, CONSTRAINTS_MAX, hosts, &constraints, why), OK);
    assert_int_equal(constraints->count, CONSTRAINTS_MAX);
    constraints_free(&constraints);
    assert_int_equal(hops_constraints(hops, CONSTRAINTS_MAX + 1, hosts, &constraints, why),
                     ERR_TOO_BIG);
    assert_string_equal(why, "more than 1024 times -h");

    for (size_t i = 0; i <= CONSTRAINTS_MAX; i++) {
        hops[i] = text_view("two.example>two.example");
    }
    assert_int_equal(hops_constraints(hops, CONSTRAINTS_MAX, hosts, &constraints, why),
                     ERR_TOO_BIG);
    assert_non_null(strstr(why, "-h \"two.example>two.example\": the hosts of all -h together"));
    assert_null(constraints);

    constraints = (struct constraints *)hops;
    assert_int_equal(hops_constraints(hops, 0, hosts, &constraints, why), OK);
    assert_null(constraints);
    free(hops);
}

static void test_no_memory(void **state)
{
    struct view hop = text_view("a.example");
    struct constraints *constraints = NULL;
    char why[HOPS_WHY_MAX] = "";
    enum err err;

    (void)state;
    no_memory = true;
    err = hops_constraints(&hop, 1, hosts, &constraints, why);
    no_memory = false;
    assert_int_equal(err, ERR_NO_MEMORY);
    assert_string_equal(why, "out of memory");
    assert_null(constraints);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_ssh_add), cmocka_unit_test(test_stricter_than_ssh_add),
        cmocka_unit_test(test_texts),      cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_many_hops),  cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, start_with_hosts, stop_with_hosts);
}
