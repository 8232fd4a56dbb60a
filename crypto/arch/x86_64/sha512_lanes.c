/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-512's compression function (FIPS 180-4 section 6.4.2) on four messages at
 * once, one in each lane of a vector. By the compiler's vector types, so nothing
 * here knows of an instruction set; the build chooses AVX2, by which four lanes are
 * faster than four messages in turn.
 *
 * Only lanes are new here: messages, padding and everything else is BearSSL's
 * SHA-512, against which the tests compare this.
 */
#include <string.h>

#include "../../src/sha512_lanes.h"

typedef uint64_t lanes __attribute__((vector_size(32)));
typedef uint8_t lane_bytes __attribute__((vector_size(32)));

#define ROUNDS 80

static inline lanes rotate_right(lanes x, unsigned int count)
{
    return x >> count | x << (64 - count);
}

/* Four words of each message, as big-endian numbers, turned so that each vector has
 * one word of all messages. */
static inline void load_words(lanes words[4], const uint8_t *const data[SHA512_LANES], size_t offset)
{
    lanes rows[SHA512_LANES];
    for (unsigned int i = 0; i < SHA512_LANES; i++) {
        lane_bytes bytes;
        memcpy(&bytes, data[i] + offset, sizeof(bytes));
        rows[i] = (lanes)__builtin_shufflevector(bytes, bytes, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 23,
                                                 22, 21, 20, 19, 18, 17, 16, 31, 30, 29, 28, 27, 26, 25, 24);
    }
    lanes even01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 2, 6);
    lanes odd01 = __builtin_shufflevector(rows[0], rows[1], 1, 5, 3, 7);
    lanes even23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 2, 6);
    lanes odd23 = __builtin_shufflevector(rows[2], rows[3], 1, 5, 3, 7);
    words[0] = __builtin_shufflevector(even01, even23, 0, 1, 4, 5);
    words[1] = __builtin_shufflevector(odd01, odd23, 0, 1, 4, 5);
    words[2] = __builtin_shufflevector(even01, even23, 2, 3, 6, 7);
    words[3] = __builtin_shufflevector(odd01, odd23, 2, 3, 6, 7);
}

/* One round. Instead of moving the eight working variables, their places turn. */
static inline void do_round(lanes v[8], unsigned int turn, lanes word_and_constant)
{
#define V(letter) v[((letter) + 80 - turn) & 7]
    lanes a = V(0), b = V(1), c = V(2), e = V(4), f = V(5), g = V(6);
    lanes sum1 = rotate_right(e, 14) ^ rotate_right(e, 18) ^ rotate_right(e, 41);
    lanes choice = g ^ (e & (f ^ g));
    lanes t1 = V(7) + sum1 + choice + word_and_constant;
    lanes sum0 = rotate_right(a, 28) ^ rotate_right(a, 34) ^ rotate_right(a, 39);
    lanes majority = (a & b) | (c & (a | b));
    V(3) += t1;
    V(7) = t1 + sum0 + majority;
#undef V
}

static inline void next_words(lanes words[16])
{
#pragma GCC unroll 16
    for (unsigned int i = 0; i < 16; i++) {
        lanes x = words[(i + 1) & 15], y = words[(i + 14) & 15];
        lanes sigma0 = rotate_right(x, 1) ^ rotate_right(x, 8) ^ x >> 7;
        lanes sigma1 = rotate_right(y, 19) ^ rotate_right(y, 61) ^ y >> 6;
        words[i] += sigma0 + words[(i + 9) & 15] + sigma1;
    }
}

void sha512_lanes_compress(uint64_t state[8][SHA512_LANES], const uint8_t *const data[SHA512_LANES], size_t blocks)
{
    lanes hash[8];
    memcpy(hash, state, sizeof(hash));
    for (size_t block = 0; block < blocks; block++) {
        lanes words[16], v[8];
        for (unsigned int i = 0; i < 4; i++) {
            load_words(words + 4 * i, data, 128 * block + 32 * i);
        }
        memcpy(v, hash, sizeof(v));
        for (unsigned int round = 0; round < ROUNDS; round += 16) {
            if (round != 0) {
                next_words(words);
            }
#pragma GCC unroll 16
            for (unsigned int i = 0; i < 16; i++) {
                do_round(v, i, words[i] + sha512_round_constants[round + i]);
            }
        }
#pragma GCC unroll 8
        for (unsigned int i = 0; i < 8; i++) {
            hash[i] += v[i];
        }
    }
    memcpy(state, hash, sizeof(hash));
}
