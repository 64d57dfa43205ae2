/* SPDX-License-Identifier: BSD-2-Clause */
#include "windows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX  2048U /* bytes; a number of RSA-16384 */
#define SLOTS       (UINT32_C(1) << 18)
#define FILTER_BITS 20
#define VARIED      5U /* different bytes that a window has at least: zeros are in every process */

struct slot {
    uint64_t window;
    const struct finding *owner; /* NULL: empty */
};

static struct finding findings[SECRETS_MAX];
static size_t findings_count;
static struct slot slots[SLOTS];
static size_t used;
static uint8_t filter[1U << (FILTER_BITS - 3)]; /* a bit for each hash that a window has */

void die(const char *format, ...)
{
    int error = errno;
    va_list args;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, error != 0 ? ": %s\n" : "\n", strerror(error));
    exit(2);
}

static uint64_t load(const uint8_t *bytes)
{
    uint64_t window;

    memcpy(&window, bytes, sizeof window);
    return window;
}

static uint64_t hash(uint64_t window)
{
    return window * UINT64_C(0x9e3779b97f4a7c15);
}

static bool varied(const uint8_t *bytes)
{
    unsigned different = 0;

    for (size_t i = 0; i < WINDOW; i++) {
        different += memchr(bytes, bytes[i], i) == NULL;
    }
    return different >= VARIED;
}

static void add(const uint8_t *bytes, const struct finding *owner)
{
    uint64_t window = load(bytes);
    uint64_t h = hash(window);
    uint64_t at = h >> 40;

    if (!varied(bytes)) {
        return;
    }
    if (used >= SLOTS / 2) {
        die("too many secrets");
    }
    for (at %= SLOTS; slots[at].owner != NULL; at = (at + 1) % SLOTS) {
        if (slots[at].window == window) {
            return;
        }
    }
    slots[at] = (struct slot){window, owner};
    used++;
    h >>= 64 - FILTER_BITS;
    filter[h / 8] = (uint8_t)(filter[h / 8] | 1U << (h % 8));
}

static size_t read_hex(const char *hex, uint8_t *ret, size_t cap)
{
    size_t len = strlen(hex) / 2;

    if (len < WINDOW || len > cap || strspn(hex, "0123456789abcdef") != 2 * len) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};

        ret[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return len;
}

static void add_secret(const char *name, const char *hex)
{
    struct finding *owner = &findings[findings_count];
    uint8_t bytes[SECRET_MAX];
    uint8_t opposite[SECRET_MAX];
    size_t len = read_hex(hex, bytes, sizeof bytes);

    if (len == 0 || findings_count++ >= SECRETS_MAX) {
        die("%s is no secret, or one too many", name);
    }
    snprintf(owner->name, sizeof owner->name, "%.60s", name);
    for (size_t i = 0; i < len; i++) {
        opposite[len - 1 - i] = bytes[i];
    }
    for (size_t i = 0; i + WINDOW <= len; i++) {
        add(bytes + i, owner);
        add(opposite + i, owner);
    }
}

void windows_load(const char *path)
{
    static char line[2 * SECRET_MAX + 128];
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        die("%s", path);
    }
    errno = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *hex = strchr(line, ' ');

        if (hex == NULL) {
            die("%s: not \"NAME HEX\"", path);
        }
        *hex++ = '\0';
        hex[strcspn(hex, "\n")] = '\0';
        add_secret(line, hex);
    }
    fclose(file);
    if (used == 0) {
        die("%s: no secrets", path);
    }
}

size_t windows_count(void)
{
    return used;
}

static void found(const struct finding *owner, uint64_t at, const char *place)
{
    struct finding *finding = &findings[owner - findings];

    if (finding->hits++ == 0) {
        finding->first = at;
        snprintf(finding->place, sizeof finding->place, "%s", place);
    }
}

void windows_search(const uint8_t *bytes, size_t len, uint64_t at, const char *place)
{
    for (size_t i = 0; i + WINDOW <= len; i++) {
        uint64_t window = load(bytes + i);
        uint64_t h = hash(window);
        uint64_t bit = h >> (64 - FILTER_BITS);

        if (((unsigned)filter[bit / 8] >> (bit % 8) & 1U) == 0) {
            continue;
        }
        for (size_t s = (size_t)(h >> 40) % SLOTS; slots[s].owner != NULL; s = (s + 1) % SLOTS) {
            if (slots[s].window == window) {
                found(slots[s].owner, at + i, place);
                break;
            }
        }
    }
}

const struct finding *windows_findings(size_t *ret_count)
{
    *ret_count = findings_count;
    return findings;
}

unsigned long windows_hits(void)
{
    unsigned long hits = 0;

    for (size_t i = 0; i < findings_count; i++) {
        hits += findings[i].hits;
    }
    return hits;
}
