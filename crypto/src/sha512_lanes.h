/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-512 of four messages at once: crypto/arch/ARCH/sha512_lanes.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA512_LANES 4u

/* Whether this CPU, as it is set up now, can run sha512_lanes_compress(), and gains by it. */
bool sha512_lanes_usable(void);
/* Takes blocks blocks of 128 bytes of each message into the four hash values; state[i] is word i of each. */
void sha512_lanes_compress(uint64_t state[8][SHA512_LANES], const uint8_t *const data[SHA512_LANES], size_t blocks);

extern const uint64_t sha512_round_constants[80];
