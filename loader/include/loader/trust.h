/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom this loader trusts, and what it says of that. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <crypto/trust_anchor.h>
#include <loader/log.h>
#include <loader/payload.h>
#include <skyscope/boot_info.h>

/* Reads the trust anchor at the start of the place that the loader has for one;
 * what is left of the place must be zero. 1, or 0 and an explanation. */
int trust_anchor_read(const uint8_t *place, size_t size, struct trust_anchor *anchor, struct loader_error *error);

/* Bytes of the trust anchor in a place where trust_anchor_read() found one. */
uint32_t trust_anchor_size(const uint8_t *place);

/* Digits that people compare; the whole id is in struct hardware_verification. */
#define KEY_ID_TEXT_SIZE (2u * 8 + 1)
/* The first bytes of a key id as hexadecimal digits. */
void key_id_text(const uint8_t id[SIGNATURE_KEY_ID_SIZE], char text[KEY_ID_TEXT_SIZE]);

/* What vouched for a verified payload, for the kernel and the manager. */
void trust_describe(const struct payload *payload, const struct trust_anchor *anchor,
                    struct hardware_verification *verification);
