/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SLH-DSA's internal functions (FIPS 205 section 9), one set of them for each
 * parameter set. They check nothing: sizes are the parameter set's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../message_pieces.h"

#define SLH_DSA_DECLARE(set)                                                                                           \
    /* Algorithm 18: seed is SK.seed, SK.prf, PK.seed. */                                                              \
    void slh_dsa_##set##_make_key(const uint8_t *seed, uint8_t *public_key, uint8_t *secret_key);                      \
    /* Algorithm 19. */                                                                                                \
    void slh_dsa_##set##_sign(const uint8_t *secret_key, const struct message_pieces *message, const uint8_t *random,  \
                              uint8_t *signature);                                                                     \
    /* Algorithm 20. */                                                                                                \
    bool slh_dsa_##set##_verify(const uint8_t *public_key, const struct message_pieces *message,                       \
                                const uint8_t *signature)

SLH_DSA_DECLARE(sha2_128s);
SLH_DSA_DECLARE(sha2_192s);
SLH_DSA_DECLARE(sha2_256s);
SLH_DSA_DECLARE(shake_128s);
SLH_DSA_DECLARE(shake_192s);
SLH_DSA_DECLARE(shake_256s);
