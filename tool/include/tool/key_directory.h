/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory of keys, as `skyscope keygen` makes it:
 *
 *   primary.lattice.key, primary.hash.key   what signs
 *   next.lattice.key, next.hash.key         what will sign after a rotation; better kept elsewhere
 *   system.trust                            the trust anchor: the public keys of both pairs
 *   retired-N.*                             what rotation number N replaced
 *   pending.lattice.key, pending.hash.key, pending.trust
 *                                           a rotation under way
 */
#pragma once

#include <crypto/trust_anchor.h>
#include <tool/key_file.h>

#define TRUST_FILE "system.trust"

/* A trust anchor in memory, with the bytes that it points into. */
struct trust_file {
    struct blob *blob;
    struct trust_anchor anchor;
};

/* A key pair that can sign. */
struct signing_key {
    const struct signature_parameters *parameters;
    uint8_t id[SIGNATURE_KEY_ID_SIZE];
    const uint8_t *public_key; /* in the arena */
    uint8_t *secret_key;       /* locked memory */
};
struct signing_pair {
    struct signing_key lattice, hash;
    bool development;
    struct passphrase passphrase; /* what opened it; no text: none was needed */
};

/* "primary", "next", ... and the kind: the path of a key file. */
const char *key_path(struct arena *arena, const char *directory, const char *pair, uint32_t kind);

/* Reads a trust anchor from a file. False: *reason says why not. */
bool trust_file_read(struct arena *arena, const char *path, struct trust_file *trust, const char **reason);
/* The bytes of a trust anchor; NULL: *reason says why not. */
struct blob *trust_file_make(struct arena *arena, const struct trust_anchor *anchor, const char **reason);

/* Creates a file that must not exist, and sees to it that it is on the disk. False: *reason says why not. */
bool key_storage_create(struct arena *arena, const char *path, unsigned int mode, const void *data, size_t size,
                        const char **reason);
/* Renames; what is at the new place already is replaced only if `replace`. */
bool key_storage_rename(struct arena *arena, const char *from, const char *to, bool replace, const char **reason);
bool key_storage_exists(const char *path);

struct pair_request {
    const struct signature_parameters *lattice, *hash;
    uint64_t creation_time;
    bool development;
    const struct passphrase *passphrase;
};
/* Makes a pair of keys and its two files. `pair` gets the public parts, in the arena. False: *reason says
 * why not, and there is no new file. */
bool key_pair_create(struct arena *arena, const char *directory, const char *name, const struct pair_request *request,
                     struct trust_pair *pair, const char **reason);

/* Loads and decrypts a pair, asking for its passphrase where it has one (once). False: *reason says why not. */
bool signing_pair_load(struct arena *arena, const char *directory, const char *name, const char *passphrase_file,
                       struct signing_pair *pair, const char **reason);
/* Signs with both keys. The signatures, in the arena, have the algorithms' sizes. False: *reason says why not. */
bool signing_pair_sign(struct arena *arena, const struct signing_pair *pair, const char *context, const void *message,
                       size_t message_size, uint8_t **lattice, uint8_t **hash, const char **reason);
void signing_pair_forget(struct signing_pair *pair);
