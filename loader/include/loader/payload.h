/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checking the payload: nothing of it is used before all of it is verified, and
 * nothing is parsed before it has to be. In this order:
 *
 *   payload_read()          header and manifest are well-formed; where images lie
 *   payload_verify()        both signatures: who vouches for the manifest
 *   payload_check_images()  the images are those that the manifest names
 */
#pragma once

#include <stdint.h>

#include <crypto/manifest.h>
#include <crypto/trust_anchor.h>
#include <loader/log.h>
#include <skyscope/payload.h>

struct payload {
    const uint8_t *bytes; /* stay where they are, and are read from nowhere else again */
    uint64_t size;
    const uint8_t *manifest_bytes; /* within bytes */
    uint32_t manifest_size;
    uint32_t signatures_size; /* of the block behind the manifest; 0: not signed */
    struct manifest manifest;
    const struct trust_pair *pair;       /* the anchor's keys that vouch for it; NULL: not verified */
    const struct manifest_image *kernel; /* NULL, as the plan is: the system is for another kernel */
    const struct manifest_image *plan;
    const struct manifest_image *foreign; /* that kernel; NULL: the system is ours */
    uint32_t unsigned_images;             /* guest images that nothing vouches for */
};

/* Checks everything that comes before the first image but the signatures, as
 * <skyscope/payload.h> and <crypto/manifest.h> state it. bytes must be aligned to
 * 8. 1 and *payload, or 0 and an explanation. */
int payload_read(const void *bytes, uint64_t size, struct payload *payload, struct loader_error *error);
/* Checks the signature block, and whether the anchor's keys vouch for the payload's
 * manifest. 1 and payload->pair, or 0 and an explanation. */
int payload_verify(struct payload *payload, const struct trust_anchor *anchor, struct loader_error *error);
/* Checks the images: hashes, and zeros behind them. 1, or 0 and an explanation. */
int payload_check_images(const struct payload *payload, struct loader_error *error);
