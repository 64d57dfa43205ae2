/* SPDX-License-Identifier: BSD-2-Clause */
#include "askpass.h"

#include <fcntl.h>
#include <strings.h>
#include <sys/wait.h>

#include "askpass_find.h"
#include "environment.h"
#include "limits.h"
#include "log.h"
#include "program.h"
#include "session_display.h"

#define QUESTION_MAX (2U * CHILD_INPUT_MAX + 128U)

/* What becomes of what a program printed, and answered with exit status 0. */
typedef enum dialog_answer take_answer(int out, struct secret_memory *secret);

/*
 * The first line is ours: no text of others can be an option of the program, or make a Qt dialog
 * guess that all of it is HTML, which it does by the first line.
 */
static void compose(const struct dialog *dialog, const char *last, char ret[QUESTION_MAX])
{
    snprintf(ret, QUESTION_MAX, "split-ssh asks:\n\n%s%s%s%s%s", dialog->title,
             dialog->body[0] == '\0' ? "" : "\n\n", dialog->body, last[0] == '\0' ? "" : "\n\n",
             last);
}

static enum dialog_answer take_yes(int out, struct secret_memory *secret)
{
    char text[8] = "";
    ssize_t n = read(out, text, sizeof text - 1);
    bool yes = n < 0 || text[0] == '\0' || text[0] == '\n' || strcasecmp(text, "yes") == 0 ||
               strcasecmp(text, "yes\n") == 0;

    (void)secret;
    explicit_bzero(text, sizeof text);
    if (!yes) {
        log_line("the askpass program printed something else than \"yes\", which is a no");
    }
    return yes ? DIALOG_ONCE : DIALOG_DENY;
}

static enum dialog_answer take_passphrase(int out, struct secret_memory *secret)
{
    enum err err = secret_memory_read_line(secret, out);

    if (err == OK && secret->len > 0) {
        return DIALOG_ONCE;
    }
    log_line("the askpass program printed %s, which is a no",
             err == ERR_TOO_BIG ? "more than a passphrase may have" : "no passphrase");
    return DIALOG_DENY;
}

static enum err judge(const char *program, int status, int out, take_answer *take,
                      struct secret_memory *secret, enum dialog_answer *ret)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == PROGRAM_EXEC_FAILED) {
        log_line("%.200s cannot be run", program);
        return ERR_SYSTEM;
    }
    if (!WIFEXITED(status)) {
        log_line("%.200s crashed (signal %d)", program, WTERMSIG(status));
        return ERR_SYSTEM;
    }
    *ret = WEXITSTATUS(status) == 0 ? take(out, secret) : DIALOG_DENY;
    return OK;
}

static enum err run(struct program *program, uint64_t deadline, int withdrawn, take_answer *take,
                    struct secret_memory *secret, enum dialog_answer *ret)
{
    int out[2];
    enum program_end how;
    int status;
    enum err err;

    if (pipe2(out, O_CLOEXEC | O_NONBLOCK) != 0) {
        log_line("cannot make a pipe: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    program->out = out[1];
    err = program_run(program, deadline, withdrawn, &how, &status);
    close(out[1]);
    if (err == OK && how == PROGRAM_ENDED) {
        err = judge(program->path, status, out[0], take, secret, ret);
    } else if (err == OK) {
        *ret = how == PROGRAM_LATE ? DIALOG_TIMEOUT : DIALOG_WITHDRAWN;
    }
    close(out[0]);
    return err;
}

static enum err ask(const char *question, char *const environment[], uint64_t deadline,
                    int withdrawn, take_answer *take, struct secret_memory *secret,
                    enum dialog_answer *ret)
{
    char name[] = "ssh-askpass";
    char *argv[] = {name, (char *)question, NULL};
    struct program program = {
        .argv = argv, .environment = environment, .inherits = -1, .group = true};

    program.path = askpass_find();
    if (program.path == NULL) {
        return ERR_NOT_FOUND;
    }
    return run(&program, deadline, withdrawn, take, secret, ret);
}

enum err askpass_ask(const struct dialog *dialog, uint64_t deadline, int withdrawn,
                     enum dialog_answer *ret)
{
    char question[QUESTION_MAX];
    char *environment[ENVIRONMENT_MAX];

    session_display_adopt();
    compose(dialog, dialog->asks, question);
    environment_clean(environ, true, environment);
    return ask(question, environment, deadline, withdrawn, take_yes, NULL, ret);
}

enum err askpass_passphrase(const struct dialog *dialog, uint64_t deadline, int withdrawn,
                            struct secret_memory *ret, enum dialog_answer *ret_answer)
{
    char question[QUESTION_MAX];
    char *environment[ENVIRONMENT_MAX];

    session_display_adopt();
    compose(dialog, "", question);
    environment_clean(environ, false, environment);
    return ask(question, environment, deadline, withdrawn, take_passphrase, ret, ret_answer);
}

enum err askpass_pass_on(const char *question, uint64_t deadline, int withdrawn,
                         struct secret_memory *ret, enum dialog_answer *ret_answer)
{
    return ask(question, environ, deadline, withdrawn, take_passphrase, ret, ret_answer);
}
