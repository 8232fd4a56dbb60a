/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/trust.h>

#include <stdbool.h>

#include <base/format.h>
#include <base/memory.h>
#include <loader/physical.h>

#define SIZE_FIELD 12u /* of the anchor: <crypto/trust_anchor.h> */

int trust_anchor_read(const uint8_t *place, size_t size, struct trust_anchor *anchor, struct loader_error *error)
{
    size_t used = size;
    while (used > 0 && place[used - 1] == 0) {
        used--;
    }
    if (used == 0) {
        return error_set(error, "this loader trusts nobody: `skyscope provision` writes a trust anchor into it");
    }
    /* The anchor may end with zeros. */
    size_t stated = size < SIZE_FIELD + 4 ? 0 : read_u32(place + SIZE_FIELD);
    if (stated < used || stated > size) {
        return error_set(error, "the loader's trust anchor has a wrong size: write it again by `skyscope provision`");
    }
    const char *problem = trust_anchor_parse(place, stated, anchor);
    if (problem != NULL) {
        return error_set(error, "the loader's trust anchor: %s: write it again by `skyscope provision`", problem);
    }
    return 1;
}

uint32_t trust_anchor_size(const uint8_t *place)
{
    return read_u32(place + SIZE_FIELD);
}

void key_id_text(const uint8_t id[SIGNATURE_KEY_ID_SIZE], char text[KEY_ID_TEXT_SIZE])
{
    for (unsigned int i = 0; i < KEY_ID_TEXT_SIZE / 2; i++) {
        snprintf(text + 2 * (size_t)i, 3, "%02x", id[i]);
    }
}

void trust_describe(const struct payload *payload, const struct trust_anchor *anchor,
                    struct hardware_verification *verification)
{
    const struct manifest *manifest = &payload->manifest;
    snprintf(verification->lattice_algorithm, sizeof(verification->lattice_algorithm), "%s",
             signature_parameters(manifest->lattice_algorithm)->name);
    snprintf(verification->hash_based_algorithm, sizeof(verification->hash_based_algorithm), "%s",
             signature_parameters(manifest->hash_based_algorithm)->name);
    memcpy(verification->lattice_key_id, manifest->lattice_key_id, sizeof(verification->lattice_key_id));
    memcpy(verification->hash_based_key_id, manifest->hash_based_key_id, sizeof(verification->hash_based_key_id));
    verification->development = (anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0;
    verification->key_status = payload->pair->status;
    verification->trust_serial = anchor->serial;
    verification->rollback_index = manifest->rollback_index;
    verification->creation_time = manifest->creation_time;
    verification->unsigned_images = payload->unsigned_images;
}
