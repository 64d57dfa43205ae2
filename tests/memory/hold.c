/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds a secret, for a search that must find it.
 *
 *   hold HEX
 *
 * Prints "holding" once the bytes are on the heap and the first eight in a register too, and waits
 * to be ended by a signal.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint8_t *decode(const char *hex)
{
    size_t len = strlen(hex) / 2;
    uint8_t *bytes = malloc(len + 8);

    if (bytes == NULL || len < 8) {
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < len; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};

        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return bytes;
}

int main(int argc, char **argv)
{
    uint64_t word;
    uint8_t *bytes;

    if (argc != 2) {
        return EXIT_FAILURE;
    }
    bytes = decode(argv[1]);
    memset(argv[1], 'x', strlen(argv[1]));
    memcpy(&word, bytes, sizeof word);
    puts("holding");
    fflush(stdout);
    for (;;) {
        /* Whatever register the compiler takes, the empty asm keeps the word in it. */
        __asm__ volatile("" : "+r"(word) : "r"(bytes));
    }
}
