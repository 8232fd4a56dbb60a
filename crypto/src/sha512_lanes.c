/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-512's compression function (FIPS 180-4 section 6.4.2) on four messages at
 * once, one in each lane of a vector. By the compiler's vector types, so nothing
 * here knows of an instruction set; the build chooses one where four lanes are
 * faster than four messages in turn (on x86-64: AVX2).
 *
 * Only lanes are new here: messages, padding and everything else is BearSSL's
 * SHA-512, against which the tests compare this.
 */
#include "sha512_lanes.h"

#include <string.h>

typedef uint64_t lanes __attribute__((vector_size(32)));
typedef uint8_t lane_bytes __attribute__((vector_size(32)));

#define ROUNDS 80

static const uint64_t round_constants[ROUNDS] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

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
                do_round(v, i, words[i] + round_constants[round + i]);
            }
        }
#pragma GCC unroll 8
        for (unsigned int i = 0; i < 8; i++) {
            hash[i] += v[i];
        }
    }
    memcpy(state, hash, sizeof(hash));
}
