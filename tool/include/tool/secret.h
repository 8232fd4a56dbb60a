/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets in the tool: memory for them, random numbers, passphrases. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <tool/arena.h>

/* No core dumps and no debuggers from here on. */
void secret_protect_process(void);

/* Zeroed memory that is not swapped out, where the system allows it. Running out of memory ends the process. */
void *secret_allocate(size_t size);
/* Wipes and frees it. NULL is allowed. */
void secret_free(void *memory, size_t size);

/* Fills the buffer from the system's random number generator. False if it cannot: then use nothing of it. */
bool secret_random(void *buffer, size_t size);

#define PASSPHRASE_MAX 1023u

struct passphrase {
    char *text; /* secret_allocate(PASSPHRASE_MAX + 1), NULL: none */
    size_t size;
};

/* Where a passphrase comes from. */
struct passphrase_source {
    const char *file;  /* its only line is the passphrase; NULL: the terminal */
    const char *whose; /* for the question: "the keys in keys/" */
    bool create;       /* asked for twice on a terminal */
    bool allow_empty;
};

/* NULL, or what is wrong, and then there is none. */
const char *passphrase_get(struct arena *arena, const struct passphrase_source *source, struct passphrase *passphrase);
void passphrase_forget(struct passphrase *passphrase);
