/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting signatures into a payload. The signatures' sizes decide where images
 * lie, which the manifest states, which is what is signed; so:
 *
 *   payload_lay_out()  makes room and gives back the bytes to sign
 *   payload_attach()   puts the two signatures in
 */
#pragma once

#include <crypto/manifest.h>
#include <tool/arena.h>
#include <tool/file.h>

struct payload_keys {
    uint32_t lattice_algorithm, hash_based_algorithm; /* enum signature_algorithm */
    uint8_t lattice_key_id[SIGNATURE_KEY_ID_SIZE], hash_based_key_id[SIGNATURE_KEY_ID_SIZE];
};

struct payload_signing {
    struct blob *payload;      /* laid out; its signature block is zero until payload_attach() */
    struct manifest *manifest; /* as it is in the payload */
    const uint8_t *message;    /* the manifest's bytes, in the payload: what is to be signed */
    size_t message_size;
    const char *context; /* with this context */
};

/* Lays a payload, signed or not, out for signatures by these keys; everything else
 * about it stays, but for its rollback index if rollback_index is not NULL. NULL,
 * or what is wrong, from the arena: then nothing may be signed. */
const char *payload_lay_out(struct arena *arena, const struct blob *payload, const struct payload_keys *keys,
                            const uint64_t *rollback_index, struct payload_signing *signing);
/* lattice, hash_based: signatures of the message, of their algorithms' sizes. */
void payload_attach(const struct payload_signing *signing, const uint8_t *lattice, const uint8_t *hash_based);

/* Writes a payload: header, manifest, room for signatures_size bytes (zero), images.
 * Fills in the images' offsets. contents: what each has, of the size that it states.
 * NULL if the manifest cannot be written. */
struct blob *payload_assemble(struct arena *arena, struct manifest *manifest, const uint8_t *const *contents,
                              size_t signatures_size);
