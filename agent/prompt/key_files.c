/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_files.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent_sockets.h"
#include "home.h"
#include "key_frames.h"
#include "key_open.h"
#include "log.h"

#define DIRECTORY ".ssh/identities.d"
#define PER_TURN  64 /* files that are looked at before others have their turn */
#define TOO_MANY  "is not served: there are 64 other agents (the agent counts anew when it starts)"

static_assert(AGENTS_MAX == 64, "the text says so");

void key_files_start(struct key_files *k, struct channel *channel, struct side *side)
{
    *k = (struct key_files){.channel = channel, .side = side, .agents = 1};
    watch_start(&k->watch, "\"split-ssh reload\"");
}

/* Says what is wrong with it, if something is. */
static void take_sockets(struct key_files *k, struct view directory)
{
    char why[UNIX_WHY_MAX];

    if (directory.len > 0) {
        memcpy(k->sockets, directory.data, directory.len);
    }
    k->sockets[directory.len] = '\0';
    if (directory.len > 0 && agent_sockets_check(k->sockets, why) != OK) {
        key_frames_problem(k->channel, "", k->sockets, why);
        k->sockets[0] = '\0';
    }
}

enum err key_files_want(struct key_files *k, const struct keys_request *request)
{
    const char *home = home_directory();

    if (k->asked) {
        return ERR_MALFORMED;
    }
    if (home == NULL) {
        key_frames_problem(k->channel, "", "~/" DIRECTORY, "there is no home directory");
    } else if (asprintf(&k->root, "%s/" DIRECTORY, home) < 0) {
        k->root = NULL;
        return ERR_NO_MEMORY;
    }
    take_sockets(k, request->directory);
    k->asked = true;
    k->all = request->all;
    snprintf(k->only, sizeof k->only, "%.*s", (int)request->agent.len,
             (const char *)request->agent.data);
    k->first_end = true;
    k->wanted = true;
    return OK;
}

static bool is_served(const struct key_files *k, const char *name)
{
    return k->asked && (k->all || strcmp(name, k->only) == 0);
}

enum err key_files_reload(struct key_files *k, struct view agent)
{
    char name[AGENT_NAME_MAX + 1];
    size_t i = 0;

    snprintf(name, sizeof name, "%.*s", (int)agent.len, (const char *)agent.data);
    if ((agent.len > 0 && !agent_name_ok(agent)) || !is_served(k, name)) {
        return key_frames_end(k->channel, false, name);
    }
    while (i < k->waiting && strcmp(k->reload[i].name, name) != 0) {
        i++;
    }
    if (i == 1 + AGENTS_MAX) {
        return ERR_TOO_MANY;
    }
    if (i == k->waiting) {
        k->waiting++;
        k->reload[i] = (struct reload){.next = 0};
        memcpy(k->reload[i].name, name, sizeof name);
    }
    k->reload[i].next++;
    k->wanted = true;
    return OK;
}

/* The number of an agent; false: it is one too many. */
static bool number_agent(struct key_files *k, const char *name, unsigned *ret)
{
    unsigned i = 0;

    while (i < k->agents && strcmp(k->agent[i].name, name) != 0) {
        i++;
    }
    if (i == 1 + AGENTS_MAX) {
        return false;
    }
    if (i == k->agents) {
        snprintf(k->agent[i].name, sizeof k->agent[i].name, "%s", name);
        k->agents++;
    }
    *ret = i;
    return true;
}

static enum err look_at_agent(struct key_files *k, struct key_listing *l, const char *name)
{
    char *path = NULL;
    unsigned number;
    enum err err;

    if (asprintf(&path, "%s/%s", k->root, name) < 0) {
        return ERR_NO_MEMORY;
    }
    if (number_agent(k, name, &number)) {
        k->agent[number].here = true;
        err = key_scan_files(l, path, number);
    } else {
        err = key_scan_problem(l, 0, path, TOO_MANY);
    }
    free(path);
    return err;
}

/* All that is there; the caller owns *ret on failure, too. */
static enum err look(struct key_files *k, struct key_listing *ret)
{
    bool nameless = k->all || k->only[0] == '\0';
    enum err err = OK;

    *ret = (struct key_listing){0};
    for (unsigned i = 0; i < k->agents; i++) {
        k->agent[i].here = false;
    }
    if (k->root == NULL) {
        return OK;
    }
    if (k->all || !nameless) {
        err = key_scan_agents(ret, k->root, k->all ? NULL : k->only);
        key_scan_sort(ret);
    }
    for (size_t i = 0; i < ret->agents_count && err == OK; i++) {
        err = look_at_agent(k, ret, ret->agents[i]);
    }
    if (nameless && err == OK) {
        err = key_scan_files(ret, k->root, 0);
    }
    key_scan_sort(ret);
    return err;
}

/* The directories, each for all that it holds, and what links there point to. */
static enum err watch_listing(struct key_files *k, const struct key_listing *l)
{
    size_t directories = 1 + l->agents_count;
    char **paths = calloc(directories + l->links_count, sizeof *paths);
    enum err err =
        paths == NULL || asprintf(&paths[0], "%s/" WATCH_ALL, k->root) < 0 ? ERR_NO_MEMORY : OK;

    for (size_t i = 0; i < l->agents_count && err == OK; i++) {
        if (asprintf(&paths[1 + i], "%s/%s/" WATCH_ALL, k->root, l->agents[i]) < 0) {
            paths[1 + i] = NULL;
            err = ERR_NO_MEMORY;
        }
    }
    if (err == OK) {
        if (l->links_count > 0) {
            memcpy((void *)(paths + directories), (void *)l->links, l->links_count * sizeof *paths);
        }
        watch_paths(&k->watch, (const char *const *)paths, directories + l->links_count);
    }
    for (size_t i = 0; paths != NULL && i < directories; i++) {
        free(paths[i]);
    }
    free((void *)paths);
    return err;
}

/* AGENT for each directory that has none yet. */
static enum err announce(struct key_files *k)
{
    char why[UNIX_WHY_MAX];
    enum err err = OK;

    for (unsigned i = 1; i < k->agents && err == OK; i++) {
        const char *name = k->agent[i].name;
        int fd = -1;

        if (k->agent[i].said || !k->agent[i].here) {
            continue;
        }
        if (k->sockets[0] != '\0' && agent_socket_make(k->sockets, name, &fd, why) != OK) {
            key_frames_problem(k->channel, name, k->sockets, why);
        }
        err = key_frames_agent(k->channel, name, fd);
        k->agent[i].said = err == OK;
    }
    return err;
}

static void begin_reloads(struct key_files *k)
{
    for (size_t i = 0; i < k->waiting; i++) {
        struct reload *reload = &k->reload[i];
        unsigned number = 0;

        while (number < k->agents && strcmp(k->agent[number].name, reload->name) != 0) {
            number++;
        }
        if (reload->next > 0) {
            key_table_renew(&k->table, number);
        }
        reload->now += reload->next;
        reload->next = 0;
    }
}

/* Looks, watches, then looks again: what changes in between is said by the watch. */
static enum err begin_round(struct key_files *k)
{
    struct key_listing listing;
    enum err err = look(k, &listing);

    if (err == OK && k->root != NULL) {
        err = watch_listing(k, &listing);
    }
    key_scan_free(&listing);
    watch_seen(&k->watch);
    if (err == OK) {
        err = look(k, &listing);
        if (err == OK) {
            err = key_table_update(&k->table, &listing);
        }
        key_scan_free(&listing);
    }
    if (err == OK) {
        err = announce(k);
    }
    if (err != OK) {
        k->wanted = true;
        return err;
    }
    begin_reloads(k);
    k->wanted = false;
    k->under_way = true;
    k->next = 0;
    return OK;
}

static enum err end_round(struct key_files *k)
{
    size_t left = 0;

    for (size_t i = 0; i < k->waiting; i++) {
        while (k->reload[i].now > 0) {
            enum err err = key_frames_end(k->channel, false, k->reload[i].name);

            if (err != OK) {
                return err;
            }
            k->reload[i].now--;
        }
    }
    if (k->first_end) {
        enum err err = key_frames_end(k->channel, k->all, k->only);

        if (err != OK) {
            return err;
        }
        k->first_end = false;
    }
    for (size_t i = 0; i < k->waiting; i++) {
        if (k->reload[i].next > 0) {
            k->reload[left++] = k->reload[i];
        }
    }
    k->waiting = left;
    key_table_sweep(&k->table);
    k->under_way = false;
    return OK;
}

static void say_gone(const struct key_files *k, const struct known_key *key)
{
    const char *agent = k->agent[key->agent].name;
    char why[128 + AGENT_NAME_MAX];

    snprintf(why, sizeof why, "the file is gone; its key stays until \"split-ssh reload %s\"",
             agent[0] == '\0' ? "default" : agent);
    key_frames_problem(k->channel, agent, key->path, why);
}

/* The packet goes first: with the KEY the agent may use the ticket. */
static enum err hand_over(struct key_files *k, struct known_key *key, struct key_opened *opened,
                          enum side_sent *ret)
{
    const char *agent = k->agent[key->agent].name;
    const struct side_file file = {
        .fd = opened->fd,
        .confirm = opened->options.confirm,
        .life = opened->options.life,
        .public_blob = {opened->public_half.blob, opened->public_half.len},
        .certificate = {opened->certificate.blob, opened->certificate.len},
        .comment = {(const uint8_t *)opened->comment, strlen(opened->comment)},
    };
    struct wire_writer w;
    struct frame *frame =
        key_frames_key(side_next_ticket(k->side), agent, key->path, &opened->options, &w);

    if (frame == NULL) {
        return ERR_NO_MEMORY;
    }
    *ret = side_send_file(k->side, &file);
    if (*ret != SIDE_SENT) {
        frame_free(frame);
        return OK;
    }
    key->sent = true;
    return channel_queue(k->channel, frame, &w);
}

/* *ret_full: not now. */
static enum err send_key(struct key_files *k, struct known_key *key, bool *ret_full)
{
    static struct key_opened opened;
    const char *agent = k->agent[key->agent].name;
    enum side_sent sent = SIDE_SENT;
    enum err err = OK;

    key_open(key->path, &opened);
    if (opened.fd >= 0) {
        err = hand_over(k, key, &opened, &sent);
        if (sent == SIDE_FAILED) {
            key_frames_problem(k->channel, agent, key->path, strerrordesc_np(errno));
        }
        close(opened.fd);
    }
    *ret_full = sent == SIDE_FULL;
    if (err != OK || *ret_full) {
        return err;
    }
    for (size_t i = 0; i < opened.problems; i++) {
        key_frames_problem(k->channel, agent, opened.problem[i].path, opened.problem[i].why);
    }
    key->due = false;
    return OK;
}

/* The next path of the round. *ret_full: not now. */
static enum err step(struct key_files *k, bool *ret_full)
{
    struct known_key *key = &k->table.keys[k->next];
    enum err err = OK;

    if (key->gone && key->sent) {
        say_gone(k, key);
    } else if (key->due && key->problem != NULL && !key->gone) {
        key_frames_problem(k->channel, k->agent[key->agent].name, key->path, key->problem);
        key->due = false;
    } else if (key->due && !key->gone) {
        if (k->side->blocked || tickets_ahead(&k->side->tickets) >= PROMPT_KEYS_AHEAD) {
            *ret_full = true;
            return OK;
        }
        err = send_key(k, key, ret_full);
    }
    k->next += err == OK && !*ret_full ? 1 : 0;
    return err;
}

void key_files_notice(struct key_files *k, uint64_t now)
{
    watch_notice(&k->watch, now);
}

enum err key_files_go_on(struct key_files *k, uint64_t now)
{
    enum err err = OK;
    bool full = false;

    if (!k->under_way && (k->wanted || watch_due(&k->watch) <= now)) {
        err = begin_round(k);
    }
    for (size_t i = 0; err == OK && !full && k->under_way && !channel_is_full(k->channel); i++) {
        if (k->next == k->table.count) {
            err = end_round(k);
        } else if (i == PER_TURN) {
            break;
        } else {
            err = step(k, &full);
        }
    }
    k->more = err == OK && k->under_way && !full;
    return err;
}

uint64_t key_files_deadline(const struct key_files *k)
{
    if (k->under_way) {
        return k->more && !channel_is_full(k->channel) ? 0 : UINT64_MAX;
    }
    return k->wanted ? 0 : watch_due(&k->watch);
}
