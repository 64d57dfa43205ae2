/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent/policy*.c. An input is CONTROL_SIZE bytes, of what a use is, and then text in parts: the
 * qube, the agent that it asks for, the key's comment, the user or namespace, the host's name, a
 * known_hosts file, and the policy files.
 */
#include "fuzz.h"

#include "policy_file.h"

#define CONTROL_SIZE  8U
#define FILES_MAX     4U
#define EXPLAINED_MAX 16384U
#define FINGERPRINT   "SHA256:9cKNuJfSfoNIO+m9dPoGxkXHQHYxVGUPqCrhPDBJZ/s"
#define FILE_PATH     "/etc/p.conf"
#define LAST_PATH     "/etc/z.conf"
#define QUBE_BYTES    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

struct input {
    char qube[QUBE_NAME_MAX + 1];
    char agent[AGENT_NAME_MAX + 1];
    struct view comment, subject, host, known_hosts;
    struct policy_text files[FILES_MAX + 1]; /* room for one more */
    size_t file_count;
    struct policy_use use;
};

/* A name, as qrexec has it; other text becomes "dev-1". */
static void copy_name(struct view text, char *ret, size_t cap)
{
    size_t len = text.len < cap ? text.len : 0;

    memcpy(ret, text.data, len);
    ret[len] = '\0';
    if (strspn(ret, QUBE_BYTES) != len || strspn(ret, "0123456789_.-") > 0) {
        len = 0;
    }
    if (len == 0) {
        snprintf(ret, cap, "dev-1");
    }
}

static void read_use(const uint8_t *control, struct input *input)
{
    struct policy_use *use = &input->use;

    use->purpose.kind = (enum purpose_kind)(control[0] % 3);
    use->proof = (enum destination_proof)(control[1] % 3);
    use->key = (struct policy_key){FINGERPRINT, input->comment, (control[2] & 1) != 0};
    use->rsa_sha1 = (control[2] & 2) != 0;
    use->same_use = (control[2] & 4) != 0;
    use->connection_approved = (control[2] & 8) != 0;
    use->remembered = (control[2] & 16) != 0;
    use->uses = control[3];
    use->recent = (unsigned)control[4] << 8 | control[5];
    use->purpose.user = input->subject;
    use->purpose.name_space = input->subject;
    use->now = 1700000000;
}

/* The host that known_hosts has for the name; without, any key. */
static void read_host(const uint8_t *control, const struct known_hosts *hosts, struct input *input)
{
    static const uint8_t other[] = "\0\0\0\13ssh-ed25519\0\0\0\40................................";
    struct view key = {other, sizeof other - 1};
    bool authority;
    size_t at = 0;

    (void)known_hosts_next_key(hosts, input->host, &at, &key, &authority);
    input->use.hosts = (control[2] & 32) != 0 ? hosts : NULL;
    input->use.host_key = key;
    if ((control[2] & 64) != 0) {
        input->use.purpose.host_key = key;
    }
}

static bool read_input(const uint8_t *data, size_t size, struct input *ret)
{
    struct view rest = {data, size};

    if (size < CONTROL_SIZE) {
        return false;
    }
    rest.data += CONTROL_SIZE;
    rest.len -= CONTROL_SIZE;
    *ret = (struct input){0};
    copy_name(take_part(&rest), ret->qube, sizeof ret->qube);
    copy_name(take_part(&rest), ret->agent, sizeof ret->agent);
    ret->comment = take_part(&rest);
    ret->subject = take_part(&rest);
    ret->host = take_part(&rest);
    ret->known_hosts = take_part(&rest);
    while (rest.len > 0 && ret->file_count < FILES_MAX) {
        ret->files[ret->file_count++] = (struct policy_text){FILE_PATH, take_part(&rest)};
    }
    read_use(data, ret);
    return true;
}

/* Nothing of the policy may point into the files: they are gone when this returns. */
static enum err parse(const struct input *input, struct policy **ret, char *error)
{
    struct policy_text texts[FILES_MAX + 1];
    enum err err;

    for (size_t i = 0; i < input->file_count; i++) {
        texts[i] = (struct policy_text){input->files[i].path, view_copy(input->files[i].content)};
    }
    err = policy_parse(texts, input->file_count, ret, error);
    for (size_t i = 0; i < input->file_count; i++) {
        view_free(&texts[i].content);
    }
    return err;
}

static void check_error(enum err err, const char *error)
{
    CHECK(err == ERR_MALFORMED || err == ERR_TOO_BIG);
    CHECK(is_printable(error, POLICY_ERROR_MAX));
    CHECK(strncmp(error, FILE_PATH ":", strlen(FILE_PATH ":")) == 0);
    CHECK(strlen(error) > strlen(FILE_PATH ":1: "));
}

static void check_ranges(const struct rules *rules)
{
    CHECK(rules->connections >= 1 && rules->connections <= QUBE_CLIENTS_MAX);
    CHECK(rules->wait_for_key <= WAIT_FOR_KEY_MAX_S);
    CHECK(rules->idle <= 86400 && rules->uses <= 1000000 && rules->rate <= 1000000);
    CHECK((rules->confirm == CONFIRM_SECONDS) == (rules->seconds > 0));
    CHECK(rules->seconds <= GRANT_MAX_S && rules->confirm <= CONFIRM_NO);
    CHECK((rules->notify & ~(NOTIFY_USE | NOTIFY_CONNECTION | NOTIFY_REFUSED)) == 0);
    CHECK(rules->known_hosts[0] != '.' && strstr(rules->known_hosts, "/.") == NULL);
    CHECK(strchr(rules->known_hosts, '/') == NULL || strncmp(rules->known_hosts, "/etc/", 5) == 0);
    for (size_t i = 0; i < POLICY_WORDS; i++) {
        CHECK(rules->text[i][0] != '\0');
        CHECK(rules->source[i].file == NULL || rules->source[i].line > 0);
    }
}

/* Every word as text, and as the file's text once more, is the same word. */
static void check_texts(const struct rules *rules)
{
    for (size_t i = 0; i < POLICY_WORDS; i++) {
        char text[2 * POLICY_LINE_MAX];
        char error[POLICY_ERROR_MAX];
        struct policy *policy = NULL;
        struct policy_text file = {FILE_PATH, {(const uint8_t *)text, 0}};
        struct rules again;
        int n = snprintf(text, sizeof text, "[DEFAULT]\n%s = %s\n",
                         policy_word_name((enum policy_word)i), rules->text[i]);

        file.content.len = (size_t)n;
        if (file.content.len > POLICY_LINE_MAX) {
            continue; /* its list stood in several lines */
        }
        CHECK(policy_parse(&file, 1, &policy, error) == OK);
        policy_rules(policy, "any", &again);
        CHECK(strcmp(again.text[i], rules->text[i]) == 0);
        CHECK(again.source[i].line == 2);
        policy_free(&policy);
    }
}

/* A text with less room is the beginning of the whole text. */
static void check_explained(const struct rules *rules, const struct input *input)
{
    static char whole[EXPLAINED_MAX];
    static char part[EXPLAINED_MAX];
    size_t cap = 1 + input->comment.len * 7 % 2048;

    memset(whole, 'E', sizeof whole);
    policy_explain(rules, input->qube, &input->use.key, whole, sizeof whole);
    CHECK(memchr(whole, '\0', sizeof whole) != NULL);
    CHECK(whole[strlen(whole) - 1] == '\n');
    for (const char *at = whole; *at != '\0'; at++) {
        CHECK(*at == '\n' || (*at >= ' ' && *at <= '~'));
    }
    memset(part, 'P', sizeof part);
    policy_explain(rules, input->qube, &input->use.key, part, cap);
    CHECK(memchr(part, '\0', cap) != NULL);
    CHECK(strncmp(part, whole, strlen(part)) == 0);
    CHECK(strlen(part) == (strlen(whole) < cap ? strlen(whole) : cap - 1));
    CHECK(is_untouched(part + cap, 'P', sizeof part - cap));
}

static bool same(struct policy_decision a, struct policy_decision b)
{
    return a.verdict == b.verdict && a.word == b.word && a.reason == b.reason &&
           a.seconds == b.seconds;
}

/* What is forbidden stays so, whatever the user has said and whatever was before. */
static void check_forbidden(const struct rules *rules, struct policy_use use,
                            struct policy_decision denied)
{
    for (unsigned bits = 0; bits < 16; bits++) {
        use.key.confirm = (bits & 1) != 0;
        use.same_use = (bits & 2) != 0;
        use.connection_approved = (bits & 4) != 0;
        use.remembered = (bits & 8) != 0;
        use.uses = 0;
        use.recent = 0;
        CHECK(same(policy_decide(rules, &use), denied));
    }
}

/* The user's answers of before can spare a question and do nothing else. */
static void check_answers(const struct rules *rules, struct policy_use use,
                          struct policy_decision with)
{
    struct policy_decision without;

    use.remembered = false;
    use.connection_approved = false;
    without = policy_decide(rules, &use);
    CHECK(without.verdict != POLICY_DENY);
    CHECK(with.verdict == without.verdict || with.verdict == POLICY_ALLOW);
    CHECK(with.verdict != POLICY_ASK || with.seconds == without.seconds);
}

static void check_decision(const struct rules *rules, const struct policy_use *use)
{
    struct policy_decision decision = policy_decide(rules, use);
    struct policy_decision local = policy_decide_local(use);
    bool counted = decision.word == POLICY_USES || decision.word == POLICY_RATE;

    CHECK(decision.reason != NULL && local.reason != NULL);
    CHECK(same(decision, policy_decide(rules, use)));
    CHECK(decision.seconds == 0 ||
          (decision.verdict == POLICY_ASK && decision.seconds == rules->seconds));
    CHECK((decision.word == POLICY_CONFIRM) == (decision.verdict != POLICY_DENY));
    CHECK(!use->key.confirm || use->remembered || decision.verdict != POLICY_ALLOW);
    CHECK(policy_permits_key(rules, &use->key) == (decision.word != POLICY_KEYS));
    if (decision.verdict == POLICY_DENY && !counted) {
        check_forbidden(rules, *use, decision);
    } else if (decision.verdict == POLICY_DENY) {
        CHECK(!use->same_use);
        CHECK(decision.word == POLICY_USES ? use->uses >= rules->uses && rules->uses > 0
                                           : use->recent >= rules->rate && rules->rate > 0);
    } else {
        CHECK(use->same_use || rules->uses == 0 || use->uses < rules->uses);
        CHECK(use->same_use || rules->rate == 0 || use->recent < rules->rate);
        check_answers(rules, *use, decision);
    }
    CHECK(local.verdict != POLICY_DENY && local.seconds == 0);
    CHECK(!use->key.confirm || use->remembered || local.verdict == POLICY_ASK);
}

/* One more file: the section of the qube's own name rules, [DEFAULT] gives way to any other. */
static void check_sections(struct input *input, const struct rules *before, bool exact)
{
    char text[96];
    char error[POLICY_ERROR_MAX];
    struct policy *policy = NULL;
    bool from_default = before->source[POLICY_USES].file == NULL ||
                        strcmp(before->source[POLICY_USES].section, "DEFAULT") == 0;
    struct rules after;
    int n = snprintf(text, sizeof text, "[%s%s]\nuses = 777\n", exact ? "client:" : "DEFAULT",
                     exact ? input->qube : "");

    input->files[input->file_count++] =
        (struct policy_text){LAST_PATH, {(const uint8_t *)text, (size_t)n}};
    CHECK(parse(input, &policy, error) == OK);
    input->file_count--;
    policy_rules(policy, input->qube, &after);
    if (exact || from_default) {
        CHECK(after.uses == 777 && strcmp(after.source[POLICY_USES].file, LAST_PATH) == 0);
    } else {
        CHECK(after.uses == before->uses);
    }
    for (size_t i = 0; i < POLICY_WORDS; i++) {
        CHECK(i == POLICY_USES || strcmp(after.text[i], before->text[i]) == 0);
    }
    policy_free(&policy);
}

static void check_policy(struct input *input, const struct policy *policy)
{
    struct rules rules;

    policy_rules(policy, input->qube, &rules);
    check_ranges(&rules);
    check_texts(&rules);
    check_explained(&rules, input);
    check_decision(&rules, &input->use);
    check_sections(input, &rules, true);
    check_sections(input, &rules, false);
    CHECK(strcmp(policy_known_hosts(policy), rules.known_hosts) == 0);
    CHECK(policy_unlock_at_start(policy) == rules.unlock_at_start);
    CHECK(!rules.agents->all || policy_permits_agent(&rules, input->agent));
    CHECK(rules.agents->all || rules.agents->count > 0 ||
          !policy_permits_agent(&rules, input->agent));
    CHECK(policy_permits_agent(&rules, "") == policy_permits_agent(&rules, "default"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy *policy = NULL;
    struct known_hosts *hosts;
    char error[POLICY_ERROR_MAX];
    struct input input;
    size_t skipped;
    enum err err;

    if (!read_input(data, size, &input)) {
        return 0;
    }
    hosts = known_hosts_new();
    CHECK(known_hosts_add(hosts, input.known_hosts, &skipped) == OK);
    read_host(data, hosts, &input);

    memset(error, 'E', sizeof error);
    err = parse(&input, &policy, error);
    if (err == OK) {
        check_policy(&input, policy);
    } else {
        CHECK(policy == NULL);
        check_error(err, error);
    }
    policy_free(&policy);
    known_hosts_free(&hosts);
    return 0;
}
