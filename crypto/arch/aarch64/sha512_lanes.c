/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-512's compression function (FIPS 180-4 section 6.4.2) by the instructions of
 * FEAT_SHA512 (Arm ARM DDI 0487, C7.2.258 ff.), one message after the other: they
 * do two rounds at a time.
 *
 * The working variables are in pairs, the first in a register's low half: (a, b),
 * (c, d), (e, f), (g, h). SHA512H makes of (g, h) and what is added to it the T1 of
 * both rounds; (c, d) and T1 are the new (e, f); SHA512H2 makes of T1 the new (a, b).
 * In assembly, because the compiler may not use vector registers here.
 */
#include <string.h>

#include "../../src/sha512_lanes.h"

#define BLOCK 128u

/* T1 and the new variables. w: register of two message words; v5 to v7 are changed. */
#define LAST_ROUNDS(ab, cd, ef, gh, new_ef, w)                                                                         \
    "ldr q5, [%[constants]], #16\n\t"                                                                                  \
    "add v5.2d, v5.2d, v" #w ".2d\n\t"                                                                                 \
    "ext v5.16b, v5.16b, v5.16b, #8\n\t" /* the first round's is wanted in the high half */                            \
    "ext v6.16b, v" #ef ".16b, v" #gh ".16b, #8\n\t"                                                                   \
    "ext v7.16b, v" #cd ".16b, v" #ef ".16b, #8\n\t"                                                                   \
    "add v" #gh ".2d, v" #gh ".2d, v5.2d\n\t"                                                                          \
    "sha512h q" #gh ", q6, v7.2d\n\t"                                                                                  \
    "add v" #new_ef ".2d, v" #cd ".2d, v" #gh ".2d\n\t"                                                                \
    "sha512h2 q" #gh ", q" #cd ", v" #ab ".2d\n\t"

/* The same, and the two words that are 16 after those of w0; wN: words 2N and 2N + 1 from there. */
#define ROUNDS(ab, cd, ef, gh, new_ef, w0, w1, w4, w5, w7)                                                             \
    LAST_ROUNDS(ab, cd, ef, gh, new_ef, w0)                                                                            \
    "ext v5.16b, v" #w4 ".16b, v" #w5 ".16b, #8\n\t"                                                                   \
    "sha512su0 v" #w0 ".2d, v" #w1 ".2d\n\t"                                                                           \
    "sha512su1 v" #w0 ".2d, v" #w7 ".2d, v5.2d\n\t"

static void compress_block(uint64_t state[8], const uint8_t *data)
{
    const uint64_t *constants = sha512_round_constants;
    __asm__ volatile(
        ".arch_extension sha3\n\t" /* that of SHA-512, too */
        "ld1 {v0.2d, v1.2d, v2.2d, v3.2d}, [%[state]]\n\t"
        "ld1 {v16.16b, v17.16b, v18.16b, v19.16b}, [%[data]], #64\n\t"
        "ld1 {v20.16b, v21.16b, v22.16b, v23.16b}, [%[data]]\n\t"
        "rev64 v16.16b, v16.16b\n\t"
        "rev64 v17.16b, v17.16b\n\t"
        "rev64 v18.16b, v18.16b\n\t"
        "rev64 v19.16b, v19.16b\n\t"
        "rev64 v20.16b, v20.16b\n\t"
        "rev64 v21.16b, v21.16b\n\t"
        "rev64 v22.16b, v22.16b\n\t"
        "rev64 v23.16b, v23.16b\n\t"
        /* clang-format off */
        ROUNDS(0, 1, 2, 3, 4, 16, 17, 20, 21, 23)
        ROUNDS(3, 0, 4, 2, 1, 17, 18, 21, 22, 16)
        ROUNDS(2, 3, 1, 4, 0, 18, 19, 22, 23, 17)
        ROUNDS(4, 2, 0, 1, 3, 19, 20, 23, 16, 18)
        ROUNDS(1, 4, 3, 0, 2, 20, 21, 16, 17, 19)
        ROUNDS(0, 1, 2, 3, 4, 21, 22, 17, 18, 20)
        ROUNDS(3, 0, 4, 2, 1, 22, 23, 18, 19, 21)
        ROUNDS(2, 3, 1, 4, 0, 23, 16, 19, 20, 22)
        ROUNDS(4, 2, 0, 1, 3, 16, 17, 20, 21, 23)
        ROUNDS(1, 4, 3, 0, 2, 17, 18, 21, 22, 16)
        ROUNDS(0, 1, 2, 3, 4, 18, 19, 22, 23, 17)
        ROUNDS(3, 0, 4, 2, 1, 19, 20, 23, 16, 18)
        ROUNDS(2, 3, 1, 4, 0, 20, 21, 16, 17, 19)
        ROUNDS(4, 2, 0, 1, 3, 21, 22, 17, 18, 20)
        ROUNDS(1, 4, 3, 0, 2, 22, 23, 18, 19, 21)
        ROUNDS(0, 1, 2, 3, 4, 23, 16, 19, 20, 22)
        ROUNDS(3, 0, 4, 2, 1, 16, 17, 20, 21, 23)
        ROUNDS(2, 3, 1, 4, 0, 17, 18, 21, 22, 16)
        ROUNDS(4, 2, 0, 1, 3, 18, 19, 22, 23, 17)
        ROUNDS(1, 4, 3, 0, 2, 19, 20, 23, 16, 18)
        ROUNDS(0, 1, 2, 3, 4, 20, 21, 16, 17, 19)
        ROUNDS(3, 0, 4, 2, 1, 21, 22, 17, 18, 20)
        ROUNDS(2, 3, 1, 4, 0, 22, 23, 18, 19, 21)
        ROUNDS(4, 2, 0, 1, 3, 23, 16, 19, 20, 22)
        ROUNDS(1, 4, 3, 0, 2, 16, 17, 20, 21, 23)
        ROUNDS(0, 1, 2, 3, 4, 17, 18, 21, 22, 16)
        ROUNDS(3, 0, 4, 2, 1, 18, 19, 22, 23, 17)
        ROUNDS(2, 3, 1, 4, 0, 19, 20, 23, 16, 18)
        ROUNDS(4, 2, 0, 1, 3, 20, 21, 16, 17, 19)
        ROUNDS(1, 4, 3, 0, 2, 21, 22, 17, 18, 20)
        ROUNDS(0, 1, 2, 3, 4, 22, 23, 18, 19, 21)
        ROUNDS(3, 0, 4, 2, 1, 23, 16, 19, 20, 22)
        LAST_ROUNDS(2, 3, 1, 4, 0, 16)
        LAST_ROUNDS(4, 2, 0, 1, 3, 17)
        LAST_ROUNDS(1, 4, 3, 0, 2, 18)
        LAST_ROUNDS(0, 1, 2, 3, 4, 19)
        LAST_ROUNDS(3, 0, 4, 2, 1, 20)
        LAST_ROUNDS(2, 3, 1, 4, 0, 21)
        LAST_ROUNDS(4, 2, 0, 1, 3, 22)
        LAST_ROUNDS(1, 4, 3, 0, 2, 23)
        /* clang-format on */
        "ld1 {v16.2d, v17.2d, v18.2d, v19.2d}, [%[state]]\n\t"
        "add v0.2d, v0.2d, v16.2d\n\t"
        "add v1.2d, v1.2d, v17.2d\n\t"
        "add v2.2d, v2.2d, v18.2d\n\t"
        "add v3.2d, v3.2d, v19.2d\n\t"
        "st1 {v0.2d, v1.2d, v2.2d, v3.2d}, [%[state]]\n\t"
        : [data] "+r"(data), [constants] "+r"(constants)
        : [state] "r"(state)
        : "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22",
          "v23");
}

void sha512_lanes_compress(uint64_t state[8][SHA512_LANES], const uint8_t *const data[SHA512_LANES], size_t blocks)
{
    for (unsigned int lane = 0; lane < SHA512_LANES; lane++) {
        uint64_t one[8];
        for (unsigned int word = 0; word < 8; word++) {
            one[word] = state[word][lane];
        }
        for (size_t block = 0; block < blocks; block++) {
            compress_block(one, data[lane] + block * BLOCK);
        }
        for (unsigned int word = 0; word < 8; word++) {
            state[word][lane] = one[word];
        }
    }
}
