/* SPDX-License-Identifier: BSD-2-Clause */
/* Sealed data, as machines export them, back to what was sealed. */
#pragma once

#include <crypto/seal.h>
#include <tool/arena.h>
#include <tool/file.h>

/* The sealed bytes of a file: armoured text in whatever surrounds it, or the bytes themselves. NULL: *reason says
 * why not. *skipped: lines amid the text that were left out. */
struct blob *unarmour(struct arena *arena, const uint8_t *file, size_t size, size_t *skipped, const char **reason);

struct unsealed {
    uint8_t *data; /* what is genuine */
    size_t size;
    size_t records;
    bool complete;
};

/* Whose key is wanted. False: *reason says why these are no sealed data. */
bool unseal_recipient(struct arena *arena, const struct blob *sealed, uint32_t *suite, uint8_t id[SEAL_KEY_ID_SIZE],
                      const char **reason);
/* Decrypts. False: *reason says what is wrong; *result then has what came before that. */
bool unseal(struct arena *arena, const struct blob *sealed, uint32_t suite,
            const uint8_t secret_key[SEAL_SECRET_KEY_SIZE], const char *context, struct unsealed *result,
            const char **reason);
