/* SPDX-License-Identifier: BSD-2-Clause */
/* include/landlock.h alone, without a list of system calls: what is left of the file system. */
#include "landlock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "child.h"
#include "unit.h"

#define PATH_SIZE 256U

static char folder[PATH_SIZE];

/* Before each test: kept/file, kept/folder and other/file, other/folder. */
static int start(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/split-ssh-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("kept", 0700), 0);
    assert_int_equal(mkdir("other", 0700), 0);
    assert_int_equal(mkdir("kept/folder", 0700), 0);
    assert_int_equal(mkdir("other/folder", 0700), 0);
    close(open("kept/file", O_CREAT | O_CLOEXEC, 0600));
    close(open("other/file", O_CREAT | O_CLOEXEC, 0600));
    return 0;
}

static int stop(void **state)
{
    static const char *const names[] = {"kept/file",    "other/file", "kept/new", "kept/folder",
                                        "other/folder", "kept",       "other"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        if (unlink(names[i]) != 0) {
            rmdir(names[i]);
        }
    }
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

/* In a child. The version, or the test of the child is over: nothing can be taken away here. */
static long restrict_to(uint64_t fs, const struct landlock_path *paths, size_t count)
{
    long abi = -1;

    EXPECT(landlock_restrict(fs, paths, count, &abi) == OK);
    EXPECT(abi >= 0);
    if (abi == 0) {
        dprintf(STDERR_FILENO, "no Landlock");
        _exit(0);
    }
    return abi;
}

static void run_child(void (*f)(const void *arg))
{
    struct child_end end;

    in_child(f, NULL, &end);
    if (strcmp(end.text, "no Landlock") == 0) {
        skip();
    }
    if (!WIFEXITED(end.status) || WEXITSTATUS(end.status) != 0) {
        fail_msg("status %#x: %s", (unsigned)end.status, end.text);
    }
}

static bool refused(int result)
{
    return result < 0 && (errno == EACCES || errno == EPERM);
}

static void without_any_right(const void *arg)
{
    (void)arg;
    restrict_to(0, NULL, 0);
    EXPECT(refused(open("kept/file", O_RDONLY | O_CLOEXEC)));
    EXPECT(refused(open("kept/file", O_WRONLY | O_CLOEXEC)));
    EXPECT(refused(open("kept/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
    EXPECT(refused(open("kept", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    EXPECT(refused(open("/proc/self/mem", O_RDWR | O_CLOEXEC)));
    EXPECT(refused(open("/dev/null", O_RDWR | O_CLOEXEC)));
    EXPECT(refused(mkdir("kept/new", 0700)));
    EXPECT(refused(unlink("kept/file")));
    EXPECT(refused(rmdir("kept/folder")));
    EXPECT(refused(rename("kept/file", "kept/new")));
    EXPECT(refused(symlink("file", "kept/new")));
    EXPECT(refused(mkfifo("kept/new", 0600)));
    EXPECT(refused(execl("/bin/true", "true", NULL)));
}

static void test_without_any_right(void **state)
{
    (void)state;
    run_child(without_any_right);
}

static void removes_files_of_one(const void *arg)
{
    const struct landlock_path path = {"kept", LANDLOCK_REMOVE_FILE};

    (void)arg;
    restrict_to(0, &path, 1);
    EXPECT(refused(unlink("other/file")));
    EXPECT(refused(rmdir("kept/folder")));
    EXPECT(refused(open("kept/file", O_RDONLY | O_CLOEXEC)));
    EXPECT(refused(open("kept/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
    EXPECT(unlink("kept/file") == 0);
}

static void removes_folders_of_one(const void *arg)
{
    const struct landlock_path path = {"kept", LANDLOCK_REMOVE_DIR};

    (void)arg;
    restrict_to(0, &path, 1);
    EXPECT(refused(rmdir("other/folder")));
    EXPECT(refused(unlink("kept/file")));
    EXPECT(rmdir("kept/folder") == 0);
}

static void test_removes_files(void **state)
{
    (void)state;
    run_child(removes_files_of_one);
}

static void test_removes_folders(void **state)
{
    (void)state;
    run_child(removes_folders_of_one);
}

static void two_paths(const void *arg)
{
    const struct landlock_path paths[] = {{"kept", LANDLOCK_REMOVE_FILE},
                                          {"other", LANDLOCK_REMOVE_DIR}};

    (void)arg;
    restrict_to(0, paths, COUNT(paths));
    EXPECT(refused(unlink("other/file")));
    EXPECT(refused(rmdir("kept/folder")));
    EXPECT(unlink("kept/file") == 0);
    EXPECT(rmdir("other/folder") == 0);
}

static void test_two_paths(void **state)
{
    (void)state;
    run_child(two_paths);
}

/* Only the right that is named goes away. */
static void executes_one(const void *arg)
{
    char name[] = "true";
    char *const words[] = {name, NULL};
    const struct landlock_path nothing = {"kept", LANDLOCK_EXECUTE};

    (void)arg;
    restrict_to(LANDLOCK_EXECUTE, &nothing, 1);
    EXPECT(open("other/file", O_RDONLY | O_CLOEXEC) >= 0);
    EXPECT(unlink("other/file") == 0);
    EXPECT(refused(execv("/bin/true", words)));
}

static void test_one_right(void **state)
{
    (void)state;
    run_child(executes_one);
}

/* A socket without a file, of this test; the caller closes it. */
static int listen_abstract(struct sockaddr_un *ret)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(ret->sun_path + 1, sizeof ret->sun_path - 1, "split-ssh-unit-%ld", (long)getpid());
    EXPECT(bind(fd, (const struct sockaddr *)ret, sizeof *ret) == 0);
    EXPECT(listen(fd, 1) == 0);
    return fd;
}

static void reaches_nobody(const void *arg)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_un abstract;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    long abi;

    (void)arg;
    EXPECT(fd >= 0);
    listen_abstract(&abstract);
    abi = restrict_to(0, NULL, 0);
    if (abi >= 4) {
        EXPECT(refused(connect(fd, (const struct sockaddr *)&address, sizeof address)));
        EXPECT(refused(bind(fd, (const struct sockaddr *)&address, sizeof address)));
    }
    if (abi >= 6) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT(refused(connect(fd, (const struct sockaddr *)&abstract, sizeof abstract)));
    }
}

static void test_reaches_nobody(void **state)
{
    (void)state;
    run_child(reaches_nobody);
}

static void keeps_what_is_open(const void *arg)
{
    int fd = open("kept/file", O_RDWR | O_CLOEXEC);

    (void)arg;
    restrict_to(0, NULL, 0);
    EXPECT(write(fd, "x", 1) == 1);
}

static void test_keeps_what_is_open(void **state)
{
    (void)state;
    run_child(keeps_what_is_open);
}

static void path_is_missing(const void *arg)
{
    const struct landlock_path path = {"missing", LANDLOCK_REMOVE_FILE};
    long abi = -1;
    enum err err = landlock_restrict(0, &path, 1, &abi);

    (void)arg;
    EXPECT(abi == 0 || (err == ERR_SYSTEM && errno == ENOENT));
    EXPECT(unlink("kept/file") == 0); /* nothing was taken away */
}

static void test_path_is_missing(void **state)
{
    (void)state;
    run_child(path_is_missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_without_any_right, start, stop),
        cmocka_unit_test_setup_teardown(test_removes_files, start, stop),
        cmocka_unit_test_setup_teardown(test_removes_folders, start, stop),
        cmocka_unit_test_setup_teardown(test_two_paths, start, stop),
        cmocka_unit_test_setup_teardown(test_one_right, start, stop),
        cmocka_unit_test_setup_teardown(test_reaches_nobody, start, stop),
        cmocka_unit_test_setup_teardown(test_keeps_what_is_open, start, stop),
        cmocka_unit_test_setup_teardown(test_path_is_missing, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
