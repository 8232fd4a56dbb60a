/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking the payload: nothing of it is used before all of it is verified. */
#pragma once

#include <stdint.h>

#include <loader/log.h>
#include <skyscope/payload.h>

struct payload {
    const uint8_t *bytes;
    uint64_t size;
    const struct payload_header *header;
    const struct payload_image *images; /* header->image_count of them */
    const struct payload_image *kernel;
    const struct payload_image *plan;
};

/* Checks everything that <skyscope/payload.h> states, hashes included, and
 * fills in *payload. bytes must be aligned to 8. 1, or 0 and an explanation. */
int payload_check(const void *bytes, uint64_t size, struct payload *payload, struct loader_error *error);
