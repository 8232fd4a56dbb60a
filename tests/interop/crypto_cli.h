/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto_cli: our cryptography for test programs in other languages. It reads
 * lines from standard input and answers each with one line:
 *
 *     COMMAND ALGORITHM [ARGUMENT...]     arguments in hexadecimal, "-": no bytes
 *
 *     ok [RESULT...]      done; results in hexadecimal
 *     no                  our function said false
 *     error TEXT          the line makes no sense; nothing was done
 *
 * Each group of commands has a file crypto_cli_*.c of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli_bytes {
    uint8_t *data; /* memory of exactly this size, so that a sanitizer sees what goes beyond */
    size_t size;
};

#define CLI_MAX_ARGUMENTS 6

struct cli_command {
    const char *name;
    unsigned int arguments; /* behind ALGORITHM */
    void (*run)(const char *algorithm, const struct cli_bytes *arguments);
    struct cli_command *next; /* set by cli_add() */
};

/* To be called before main(), by a function with __attribute__((constructor)). */
void cli_add(struct cli_command *command);

/* A new area, all zero. Free it with free(). */
uint8_t *cli_area(size_t size);

/* The answer: one call of cli_ok() with count areas, of cli_no() or of cli_error(). */
void cli_ok(unsigned int count, const struct cli_bytes *results);
void cli_no(void);
void cli_error(const char *text);
