/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/audit_format.c: the line of each kind of record. agent/audit.c: where it goes, and how. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "child.h"

static const struct audit_record least = {.qube = "", .agent = ""};

#define ROOM 32 /* for what stands behind it */

static char home[PATH_MAX];
static char logs[PATH_MAX + ROOM]; /* its .local/state/split-ssh */

/*** The line ***/

static void assert_line(const struct audit_record *record, uint64_t time_ms, const char *expected)
{
    char line[AUDIT_LINE_MAX];

    assert_int_equal(audit_format(record, time_ms, line, sizeof line), OK);
    assert_string_equal(line, expected);
}

static void login_from_a_qube(void **state)
{
    const struct purpose purpose = {.kind = PURPOSE_LOGIN, .user = text_view("git")};
    const struct audit_record record = {.qube = "dev",
                                        .agent = "work",
                                        .fingerprint = "SHA256:abc+/",
                                        .comment = "my key",
                                        .purpose = &purpose,
                                        .data_len = 321,
                                        .host_key = "SHA256:def",
                                        .hosts = "github.com, gh",
                                        .proof = "name",
                                        .forwarded = true,
                                        .allowed = true,
                                        .reason = "the user said yes",
                                        .by = "notification",
                                        .took_us = 3200123,
                                        .left_out = 7};

    (void)state;
    assert_line(&record, 1795342503123U,
                "{\"time\":\"2026-11-22T10:15:03.123Z\",\"qube\":\"dev\",\"agent\":\"work\","
                "\"decision\":\"allowed\",\"reason\":\"the user said yes\",\"by\":\"notification\","
                "\"key\":\"SHA256:abc+/\",\"comment\":\"my key\",\"purpose\":\"login\","
                "\"user\":\"git\",\"bytes\":321,\"host\":\"github.com, gh\","
                "\"host_key\":\"SHA256:def\",\"proof\":\"name\",\"forwarded\":true,"
                "\"took_us\":3200123,\"left_out\":7}");
}

static void sshsig_in_the_vault(void **state)
{
    const struct purpose purpose = {.kind = PURPOSE_SSHSIG,
                                    .name_space = text_view("git"),
                                    .hash_algorithm = text_view("sha512")};
    struct audit_record record = least;

    (void)state;
    record.purpose = &purpose;
    record.allowed = true;
    assert_line(&record, 0,
                "{\"time\":\"1970-01-01T00:00:00.000Z\",\"qube\":null,\"decision\":\"allowed\","
                "\"purpose\":\"sshsig\",\"namespace\":\"git\",\"hash\":\"sha512\","
                "\"forwarded\":false,\"took_us\":0}");
}

static void opaque_and_unknown(void **state)
{
    const struct purpose purpose = {.kind = PURPOSE_OPAQUE};
    struct audit_record record = least;

    (void)state;
    assert_line(&record, 951782400000U,
                "{\"time\":\"2000-02-29T00:00:00.000Z\",\"qube\":null,\"decision\":\"refused\","
                "\"forwarded\":false,\"took_us\":0}");
    record.purpose = &purpose;
    record.data_len = 5;
    assert_line(&record, 4107542399999U,
                "{\"time\":\"2100-02-28T23:59:59.999Z\",\"qube\":null,\"decision\":\"refused\","
                "\"purpose\":\"opaque\",\"bytes\":5,\"forwarded\":false,\"took_us\":0}");
}

/* What a client chooses cannot end a string, a line, or look like another field. */
static void bytes_of_clients(void **state)
{
    const uint8_t user[] = {'a', '"', ',', '\\', '\n', 0, 0x1b, 0x7f, 0x80, 0xff, '~', ' '};
    const struct purpose purpose = {.kind = PURPOSE_LOGIN, .user = {user, sizeof user}};
    struct audit_record record = least;

    (void)state;
    record.purpose = &purpose;
    record.comment = "\xfc\"}";
    assert_line(&record, 0,
                "{\"time\":\"1970-01-01T00:00:00.000Z\",\"qube\":null,\"decision\":\"refused\","
                "\"comment\":\"\\u00fc\\\"}\",\"purpose\":\"login\",\"user\":\"a\\\",\\\\\\u000a"
                "\\u0000\\u001b\\u007f\\u0080\\u00ff~ \",\"forwarded\":false,\"took_us\":0}");
}

static void longer_text_is_cut(void **state)
{
    char comment[300];
    char line[AUDIT_LINE_MAX];
    struct audit_record record = least;
    const char *text;

    (void)state;
    memset(comment, 'x', sizeof comment);
    comment[sizeof comment - 1] = '\0';
    record.comment = comment;
    assert_int_equal(audit_format(&record, 0, line, sizeof line), OK);
    text = strstr(line, "\"comment\":\"");
    assert_non_null(text);
    text += strlen("\"comment\":\"");
    assert_int_equal(strspn(text, "x"), 256);
    assert_memory_equal(text + 256, "...\",", 5);
}

/* Every text as long as can be, every byte escaped: it fits, and one byte less room does not. */
static void the_largest_record(void **state)
{
    static char text[1000];
    static char line[AUDIT_LINE_MAX];
    struct purpose purpose = {.kind = PURPOSE_LOGIN,
                              .user = {(const uint8_t *)text, USER_MAX},
                              .name_space = {(const uint8_t *)text, NAMESPACE_MAX},
                              .hash_algorithm = {(const uint8_t *)text, 64}};
    const struct audit_record record = {.qube = text,
                                        .agent = text,
                                        .fingerprint = text,
                                        .comment = text,
                                        .purpose = &purpose,
                                        .data_len = SIZE_MAX,
                                        .host_key = text,
                                        .hosts = text,
                                        .proof = text,
                                        .reason = text,
                                        .by = text,
                                        .took_us = UINT64_MAX,
                                        .left_out = UINT32_MAX};
    size_t len;

    (void)state;
    memset(text, 1, sizeof text - 1);
    for (unsigned kind = PURPOSE_LOGIN; kind <= PURPOSE_SSHSIG; kind++) {
        purpose.kind = kind;
        assert_int_equal(audit_format(&record, UINT64_MAX, line, sizeof line), OK);
        len = strlen(line);
        assert_int_equal(line[len - 1], '}');
        assert_int_equal(audit_format(&record, UINT64_MAX, line, len + 1), OK);
        assert_int_equal(audit_format(&record, UINT64_MAX, line, len), ERR_TOO_BIG);
    }
}

/*** The file ***/

static const char *in_logs(const char *name)
{
    static char path[PATH_MAX + 2 * ROOM];

    snprintf(path, sizeof path, "%s/%s", logs, name);
    return path;
}

/* Reads a file of the directory of logs, with a NUL; its length. */
static size_t content(const char *name, char *ret, size_t cap)
{
    int fd = open(in_logs(name), O_RDONLY | O_CLOEXEC);
    ssize_t n;

    assert_true(fd >= 0);
    n = read(fd, ret, cap - 1);
    assert_true(n >= 0);
    close(fd);
    ret[n] = '\0';
    return (size_t)n;
}

static unsigned lines_in(const char *name)
{
    FILE *stream = fopen(in_logs(name), "re");
    unsigned lines = 0;
    int c;

    assert_non_null(stream);
    while ((c = getc_unlocked(stream)) != EOF) {
        lines += c == '\n';
    }
    fclose(stream);
    return lines;
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void write_one(const char *reason)
{
    struct audit_record record = least;

    record.reason = reason;
    assert_int_equal(audit_write(&record), OK);
}

static void refused_with(int why)
{
    errno = 0;
    assert_int_equal(audit_write(&least), ERR_AUDIT);
    assert_int_equal(errno, why);
}

static int start(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(home, sizeof home, "%s/split-ssh-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(home) == NULL) {
        return -1;
    }
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", home, 1);
    snprintf(logs, sizeof logs, "%s/.local/state/split-ssh", home);
    return 0;
}

static int stop(void **state)
{
    char command[PATH_MAX + ROOM];

    (void)state;
    audit_close();
    snprintf(command, sizeof command, "exec rm -r %s", home);
    return system(command); // NOLINT(cert-env33-c): a directory of this test
}

static void directory_and_file_are_made(void **state)
{
    char text[1024];
    size_t len;

    (void)state;
    assert_string_equal(audit_directory(), "");
    umask(0);
    assert_int_equal(audit_open(), OK);
    umask(022);
    assert_string_equal(audit_directory(), logs);
    assert_int_equal(mode_of(logs), 0700);
    assert_int_equal(mode_of(in_logs(AUDIT_FILE)), 0600);
    write_one("first");
    write_one("second");
    len = content(AUDIT_FILE, text, sizeof text);
    assert_int_equal(text[len - 1], '\n');
    assert_int_equal(lines_in(AUDIT_FILE), 2);
    assert_true(strstr(text, "first") < strchr(text, '\n'));
    assert_non_null(strstr(strchr(text, '\n'), "second"));
}

static void state_home(void **state)
{
    char path[PATH_MAX + ROOM];

    (void)state;
    snprintf(path, sizeof path, "%s/other", home);
    setenv("XDG_STATE_HOME", path, 1);
    assert_int_equal(audit_open(), OK);
    snprintf(path, sizeof path, "%s/other/split-ssh", home);
    assert_string_equal(audit_directory(), path);
    audit_close();
    setenv("XDG_STATE_HOME", "relative", 1); /* the specification says: ignore it */
    assert_int_equal(audit_open(), OK);
    assert_string_equal(audit_directory(), logs);
}

static void a_log_that_was_there_goes_on(void **state)
{
    (void)state;
    assert_int_equal(audit_open(), OK);
    write_one("before");
    audit_close();
    assert_int_equal(audit_open(), OK);
    write_one("after");
    assert_int_equal(lines_in(AUDIT_FILE), 2);
}

static void without_open(void **state)
{
    (void)state;
    refused_with(ENOENT);
}

static void directory_open_to_others(void **state)
{
    (void)state;
    assert_int_equal(audit_open(), OK);
    audit_close();
    assert_int_equal(chmod(logs, 0770), 0);
    assert_int_equal(audit_open(), ERR_SYSTEM);
    assert_string_equal(audit_directory(), "");
    refused_with(EPERM);
}

static void directory_of_another_user(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip(); /* who is not root cannot give a directory away */
    }
    assert_int_equal(audit_open(), OK);
    audit_close();
    assert_int_equal(chown(logs, 65534, 65534), 0);
    assert_int_equal(audit_open(), ERR_SYSTEM);
    refused_with(EPERM);
}

static void no_place_for_the_directory(void **state)
{
    char path[PATH_MAX + ROOM];
    int fd;

    (void)state;
    snprintf(path, sizeof path, "%s/.local", home);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(audit_open(), ERR_SYSTEM);
    refused_with(ENOTDIR);
}

/* Once it is away, the next line is written. */
static void something_else_has_the_name(void **state)
{
    char target[PATH_MAX + ROOM];
    struct stat st;

    (void)state;
    assert_int_equal(audit_open(), OK);
    snprintf(target, sizeof target, "%s/target", home);
    assert_int_equal(unlink(in_logs(AUDIT_FILE)), 0);
    assert_int_equal(symlink(target, in_logs(AUDIT_FILE)), 0);
    refused_with(ELOOP);
    assert_int_equal(stat(target, &st), -1);
    assert_int_equal(unlink(in_logs(AUDIT_FILE)), 0);
    assert_int_equal(mkfifo(in_logs(AUDIT_FILE), 0600), 0);
    refused_with(ENXIO);
    audit_close();
    assert_int_equal(audit_open(), ERR_SYSTEM);
    assert_string_equal(audit_directory(), logs);
    assert_int_equal(unlink(in_logs(AUDIT_FILE)), 0);
    write_one("there again");
    assert_int_equal(lines_in(AUDIT_FILE), 1);
}

static void removed_or_renamed(void **state)
{
    char other[PATH_MAX + ROOM];

    (void)state;
    assert_int_equal(audit_open(), OK);
    write_one("gone");
    assert_int_equal(unlink(in_logs(AUDIT_FILE)), 0);
    write_one("first");
    assert_int_equal(lines_in(AUDIT_FILE), 1);
    assert_int_equal(mode_of(in_logs(AUDIT_FILE)), 0600);
    snprintf(other, sizeof other, "%s/kept", home);
    assert_int_equal(rename(in_logs(AUDIT_FILE), other), 0);
    write_one("second");
    write_one("third");
    assert_int_equal(lines_in(AUDIT_FILE), 2);
}

static void directory_removed(void **state)
{
    (void)state;
    assert_int_equal(audit_open(), OK);
    assert_int_equal(unlink(in_logs(AUDIT_FILE)), 0);
    assert_int_equal(rmdir(logs), 0);
    refused_with(ENOENT);
}

/* A limit on the size of files cuts a write short where a full disk does. */
static void write_past_limit(const void *arg)
{
    const rlim_t *limit = arg;
    const struct rlimit size = {*limit, *limit};

    EXPECT(audit_open() == OK);
    EXPECT(setrlimit(RLIMIT_FSIZE, &size) == 0);
    EXPECT(audit_write(&least) == ERR_AUDIT);
    EXPECT(errno == ENOSPC);
}

static void no_half_line(void **state)
{
    char before[1024];
    char after[1024];
    struct child_end end;
    rlim_t limit;

    (void)state;
    assert_int_equal(audit_open(), OK);
    write_one("whole");
    limit = content(AUDIT_FILE, before, sizeof before) + 20;
    in_child(write_past_limit, &limit, &end);
    assert_string_equal(end.text, "");
    assert_int_equal(end.status, 0);
    content(AUDIT_FILE, after, sizeof after);
    assert_string_equal(after, before);
    write_one("there is room again");
    assert_int_equal(lines_in(AUDIT_FILE), 2);
}

/*** A full log ***/

/* Fills the log, and marks its first byte. */
static void fill(void)
{
    int fd = open(in_logs(AUDIT_FILE), O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "F", 1, 0), 1);
    assert_int_equal(ftruncate(fd, AUDIT_SIZE_MAX), 0);
    close(fd);
}

static char first_byte(const char *name)
{
    char text[2];

    assert_int_equal(content(name, text, sizeof text), 1);
    return text[0];
}

static off_t size_of(const char *name)
{
    struct stat st;

    assert_int_equal(stat(in_logs(name), &st), 0);
    return st.st_size;
}

static void rotated(void **state)
{
    (void)state;
    assert_int_equal(audit_open(), OK);
    fill();
    assert_int_equal(truncate(in_logs(AUDIT_FILE), AUDIT_SIZE_MAX - 1), 0);
    write_one("just below the limit");
    assert_int_equal(access(in_logs(AUDIT_OLD), F_OK), -1);
    write_one("above it");
    assert_int_equal(first_byte(AUDIT_OLD), 'F');
    assert_true(size_of(AUDIT_OLD) > AUDIT_SIZE_MAX);
    assert_int_equal(lines_in(AUDIT_FILE), 1);
    assert_int_equal(mode_of(in_logs(AUDIT_FILE)), 0600);
}

/* While another agent is at it, lines go to the full log; nobody waits. */
static void rotation_is_under_way(void **state)
{
    int lock;

    (void)state;
    assert_int_equal(audit_open(), OK);
    fill();
    lock = open(logs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    write_one("meanwhile");
    assert_int_equal(access(in_logs(AUDIT_OLD), F_OK), -1);
    assert_true(size_of(AUDIT_FILE) > AUDIT_SIZE_MAX);
    close(lock);
    write_one("then");
    assert_int_equal(first_byte(AUDIT_OLD), 'F');
    assert_int_equal(lines_in(AUDIT_FILE), 1);
}

/* Another agent was faster, between our look at the log and our lock. */
static bool another_is_faster;

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);

int __wrap_flock(int fd, int operation)
{
    if (another_is_faster) {
        another_is_faster = false;
        assert_int_equal(renameat(fd, AUDIT_FILE, fd, AUDIT_OLD), 0);
        close(openat(fd, AUDIT_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    return __real_flock(fd, operation);
}

static void rotated_by_another(void **state)
{
    (void)state;
    assert_int_equal(audit_open(), OK);
    fill();
    another_is_faster = true;
    write_one("to the new log");
    assert_false(another_is_faster);
    assert_int_equal(first_byte(AUDIT_OLD), 'F');
    assert_int_equal(lines_in(AUDIT_FILE), 1);
}

#define WRITERS 4
#define LINES   40

static void write_many(void)
{
    struct audit_record record = least;

    for (unsigned i = 0; i < LINES; i++) {
        record.took_us = i;
        if (audit_write(&record) != OK) {
            _exit(1);
        }
    }
    _exit(0);
}

/* Several agents find the log full at once: each line is in one of the two files. */
static void rotated_by_several(void **state)
{
    pid_t pids[WRITERS];
    int status;
    int gate[2];
    char byte;

    (void)state;
    assert_int_equal(audit_open(), OK);
    fill();
    assert_int_equal(pipe(gate), 0);
    for (unsigned i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            close(gate[1]);
            audit_close(); /* a directory descriptor of its own, since locks go with that */
            if (audit_open() != OK || read(gate[0], &byte, 1) != 0) {
                _exit(2);
            }
            write_many();
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(first_byte(AUDIT_OLD), 'F');
    assert_int_equal(lines_in(AUDIT_OLD) + lines_in(AUDIT_FILE), WRITERS * LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login_from_a_qube),
        cmocka_unit_test(sshsig_in_the_vault),
        cmocka_unit_test(opaque_and_unknown),
        cmocka_unit_test(bytes_of_clients),
        cmocka_unit_test(longer_text_is_cut),
        cmocka_unit_test(the_largest_record),
        cmocka_unit_test_setup_teardown(directory_and_file_are_made, start, stop),
        cmocka_unit_test_setup_teardown(state_home, start, stop),
        cmocka_unit_test_setup_teardown(a_log_that_was_there_goes_on, start, stop),
        cmocka_unit_test_setup_teardown(without_open, start, stop),
        cmocka_unit_test_setup_teardown(directory_open_to_others, start, stop),
        cmocka_unit_test_setup_teardown(directory_of_another_user, start, stop),
        cmocka_unit_test_setup_teardown(no_place_for_the_directory, start, stop),
        cmocka_unit_test_setup_teardown(something_else_has_the_name, start, stop),
        cmocka_unit_test_setup_teardown(removed_or_renamed, start, stop),
        cmocka_unit_test_setup_teardown(directory_removed, start, stop),
        cmocka_unit_test_setup_teardown(no_half_line, start, stop),
        cmocka_unit_test_setup_teardown(rotated, start, stop),
        cmocka_unit_test_setup_teardown(rotation_is_under_way, start, stop),
        cmocka_unit_test_setup_teardown(rotated_by_another, start, stop),
        cmocka_unit_test_setup_teardown(rotated_by_several, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
