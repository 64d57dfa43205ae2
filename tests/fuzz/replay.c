/* SPDX-License-Identifier: BSD-2-Clause */
/* A target without a fuzzer: runs each file of the directories and files that are its arguments. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "fuzz.h"

#pragma weak LLVMFuzzerInitialize

static int fail(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return -1;
}

/* Returns the number of inputs, which is 1, or -1. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *data = NULL;
    size_t size;
    int ret = -1;

    if (file == NULL || fstat(fileno(file), &status) != 0) {
        goto out;
    }
    size = (size_t)status.st_size;
    data = malloc(size > 0 ? size : 1); /* so that a byte past the end is noticed */
    if (data == NULL || fread(data, 1, size, file) != size) {
        goto out;
    }
    if (getenv("FUZZ_VERBOSE") != NULL) {
        fprintf(stderr, "%s\n", path);
    }
    LLVMFuzzerTestOneInput(data, size);
    ret = 1;
out:
    if (ret < 0) {
        fail(path);
    }
    free(data);
    if (file != NULL) {
        fclose(file);
    }
    return ret;
}

/* Returns the number of inputs, or -1. */
static int replay(const char *path)
{
    struct dirent **entries;
    int files = 0;
    int count = scandir(path, &entries, NULL, alphasort);

    if (count < 0) {
        return errno == ENOTDIR ? replay_file(path) : fail(path);
    }
    for (int i = 0; i < count; i++) {
        char *inside;

        if (entries[i]->d_name[0] != '.' && files >= 0) {
            int one =
                asprintf(&inside, "%s/%s", path, entries[i]->d_name) < 0 ? -1 : replay_file(inside);

            files = one < 0 ? -1 : files + 1;
            free(inside);
        }
        free(entries[i]);
    }
    free(entries);
    return files;
}

int main(int argc, char *argv[])
{
    int inputs = 0;

    if (LLVMFuzzerInitialize != NULL && LLVMFuzzerInitialize(&argc, &argv) != 0) {
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        int more = replay(argv[i]);

        if (more < 0) {
            return 1;
        }
        inputs += more;
    }
    printf("%d inputs\n", inputs);
    return inputs > 0 ? 0 : 1; /* a replay of nothing tests nothing */
}
