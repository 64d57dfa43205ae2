/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client qube calls: the vault and which of its agents. On a command line, or as the one
 * word of a file in CONFIG_DIRECTORY, where the official package qubes-split-ssh has them too.
 */
#ifndef SPLIT_SSH_CLIENT_CONFIG_H
#define SPLIT_SSH_CLIENT_CONFIG_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "limits.h"
#include "paths.h"

#define CALL_SERVICE         "qubes.SshAgent"
#define CALL_TARGET_ANY      "@default" /* dom0's policy names the vault */
#define CALL_AGENT_DEFAULT   "default"  /* the one without a name */
#define CALL_DISPOSABLE      "@dispvm:"
#define CALL_TARGET_MAX      (sizeof CALL_DISPOSABLE - 1U + QUBE_NAME_MAX)
#define CALL_AGENT_MAX       (SERVICE_MAX - sizeof CALL_SERVICE) /* bytes after the '+' */
#define CLIENT_CONFIG_MAX    256U                                /* bytes of a file */
#define CLIENT_CONFIG_WHY    320U                                /* bytes of a sentence */
#define CLIENT_CONFIG_PATH   4096U
#define CLIENT_CONFIG_BLANKS " \t\r\n"

#define CALL_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* A qube's name, or one of qrexec's keywords such as @default and @dispvm:NAME. */
static inline bool call_target_valid(const char *target)
{
    size_t len = strlen(target);

    if (strncmp(target, CALL_DISPOSABLE, strlen(CALL_DISPOSABLE)) == 0) {
        len -= strlen(CALL_DISPOSABLE);
    }
    return len > 0 && len <= QUBE_NAME_MAX && target[0] != '-' &&
           target[strspn(target, CALL_LETTERS "@:._-")] == '\0';
}

/* A letter or digit, then letters, digits, '_', '.' and '-'; CALL_AGENT_MAX bytes at most. */
static inline bool call_agent_valid(const char *agent)
{
    return strspn(agent, CALL_LETTERS) > 0 && agent[strspn(agent, CALL_LETTERS "_.-")] == '\0' &&
           strlen(agent) <= CALL_AGENT_MAX;
}

/*
 * The one word of a file's text, of max bytes at most, into ret_word (max + 1 bytes); white space
 * around it does not count. Nothing but white space gives an empty word. ERR_TOO_BIG: the word is
 * longer. ERR_MALFORMED: more than one word, or a NUL. Pure.
 */
static inline enum err must_check client_config_parse(const char *text, size_t len, size_t max,
                                                      char *ret_word)
{
    size_t start = 0;

    if (memchr(text, '\0', len) != NULL) {
        return ERR_MALFORMED;
    }
    while (start < len && strchr(CLIENT_CONFIG_BLANKS, text[start]) != NULL) {
        start++;
    }
    while (len > start && strchr(CLIENT_CONFIG_BLANKS, text[len - 1]) != NULL) {
        len--;
    }
    for (size_t i = start; i < len; i++) {
        if (strchr(CLIENT_CONFIG_BLANKS, text[i]) != NULL) {
            return ERR_MALFORMED;
        }
    }
    if (len - start > max) {
        return ERR_TOO_BIG;
    }
    memcpy(ret_word, text + start, len - start);
    ret_word[len - start] = '\0';
    return OK;
}

/*
 * Reads a file of CLIENT_CONFIG_MAX bytes at most into ret_text (so many bytes). ERR_NOT_FOUND:
 * there is none. ERR_TOO_BIG. ERR_MALFORMED: it is no regular file. ERR_SYSTEM: errno.
 */
static inline enum err must_check client_config_load(const char *path, char *ret_text,
                                                     size_t *ret_len)
{
    /* A pipe must not hold us up: without a writer, open(2) would wait for one. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char text[CLIENT_CONFIG_MAX + 1U];
    struct stat st;
    enum err err = ERR_SYSTEM;
    ssize_t n = -1;
    int saved;

    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
    }
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
        err = ERR_MALFORMED;
    } else {
        n = read(fd, text, sizeof text);
    }
    if (n > (ssize_t)CLIENT_CONFIG_MAX) {
        err = ERR_TOO_BIG;
    } else if (n >= 0) {
        memcpy(ret_text, text, (size_t)n);
        *ret_len = (size_t)n;
        err = OK;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return err;
}

/* What a file of CONFIG_DIRECTORY has to have. */
struct client_config_kind {
    const char *file;
    const char *what; /* for people */
    size_t max;       /* bytes, less than CLIENT_CONFIG_MAX */
    bool (*valid)(const char *word);
};

static const struct client_config_kind client_config_vault = {CONFIG_VAULT, "the vault's name",
                                                              CALL_TARGET_MAX, call_target_valid};
static const struct client_config_kind client_config_agent = {
    CONFIG_AGENT, "the name of one of the vault's agents", CALL_AGENT_MAX, call_agent_valid};

/*
 * The word of such a file in a directory, into ret_word (kind->max + 1 bytes). ERR_NOT_FOUND: there
 * is no such file, or nothing in it. Any other error has in ret_why (CLIENT_CONFIG_WHY bytes) a
 * sentence that names the file and says what to do.
 */
static inline enum err must_check client_config_read(const char *directory,
                                                     const struct client_config_kind *kind,
                                                     char *ret_word, char *ret_why)
{
    char path[CLIENT_CONFIG_PATH];
    char text[CLIENT_CONFIG_MAX];
    char word[CLIENT_CONFIG_MAX + 1U];
    size_t len = 0;
    int n = snprintf(path, sizeof path, "%s/%s", directory, kind->file);
    enum err err =
        n > 0 && (size_t)n < sizeof path ? client_config_load(path, text, &len) : ERR_TOO_BIG;

    if (err == ERR_SYSTEM) {
        snprintf(ret_why, CLIENT_CONFIG_WHY,
                 "cannot read %.96s: %s (chmod a+r as root makes it readable)", path,
                 strerror(errno));
    }
    if (err == ERR_SYSTEM || err == ERR_NOT_FOUND) {
        return err;
    }
    if (err == OK) {
        err = client_config_parse(text, len, kind->max, word);
    }
    if (err == OK && word[0] == '\0') {
        return ERR_NOT_FOUND;
    }
    if (err == OK && !kind->valid(word)) {
        err = ERR_MALFORMED;
    }
    if (err != OK) {
        snprintf(ret_why, CLIENT_CONFIG_WHY,
                 "%.96s is not one word, %s (%zu bytes at most): write that into it, or remove it",
                 path, kind->what, kind->max);
        return err;
    }
    memcpy(ret_word, word, strlen(word) + 1);
    return OK;
}

/* What a client calls. */
struct client_call {
    char target[CALL_TARGET_MAX + 1U];
    char argument[CALL_AGENT_MAX + 1U]; /* of the service; empty: none */
    char service[SERVICE_MAX + 1U];     /* with the argument */
};

/* The word of a file, or the one for when there is none. */
static inline enum err must_check client_config_or(const char *directory,
                                                   const struct client_config_kind *kind,
                                                   const char *otherwise, char *ret_word,
                                                   char *ret_why)
{
    enum err err = client_config_read(directory, kind, ret_word, ret_why);

    if (err == ERR_NOT_FOUND) {
        memcpy(ret_word, otherwise, strlen(otherwise) + 1);
        return OK;
    }
    return err;
}

/*
 * The call for a target and an agent, each valid or NULL: not given. Reads only the files whose
 * word is needed: CONFIG_VAULT without a target, CONFIG_AGENT for the default agent. Errors as of
 * client_config_read(), but for ERR_NOT_FOUND: what is in no file has a default.
 */
static inline enum err must_check client_config_call(const char *directory, const char *target,
                                                     const char *agent,
                                                     struct client_call *ret_call, char *ret_why)
{
    struct client_call call = {0};
    enum err err = OK;

    if (target != NULL) {
        snprintf(call.target, sizeof call.target, "%s", target);
    } else {
        err = client_config_or(directory, &client_config_vault, CALL_TARGET_ANY, call.target,
                               ret_why);
    }
    if (err != OK) {
        return err;
    }
    if (agent != NULL && strcmp(agent, CALL_AGENT_DEFAULT) != 0) {
        snprintf(call.argument, sizeof call.argument, "%.*s", (int)CALL_AGENT_MAX, agent);
    } else {
        err = client_config_or(directory, &client_config_agent, "", call.argument, ret_why);
    }
    if (err != OK) {
        return err;
    }
    if (strcmp(call.argument, CALL_AGENT_DEFAULT) == 0) {
        call.argument[0] = '\0';
    }
    snprintf(call.service, sizeof call.service, "%s%s%s", CALL_SERVICE,
             call.argument[0] != '\0' ? "+" : "", call.argument);
    *ret_call = call;
    return OK;
}

#endif
