/* SPDX-License-Identifier: BSD-2-Clause */
/* HMAC_DRBG by BearSSL: NIST SP 800-90A section 10.1.2. */
#include <crypto/random.h>

#include <string.h>

#include <bearssl_rand.h>
#include <crypto/wipe.h>

/* One request may have 2^16 bytes (SP 800-90A table 2). */
#define MAX_REQUEST 0x10000u
#define MAX_LABEL   64u

_Static_assert(sizeof(br_hmac_drbg_context) <= sizeof(((struct random_generator *)0)->opaque), "state too small");
_Static_assert(_Alignof(br_hmac_drbg_context) <= _Alignof(struct random_generator), "state not aligned");
_Static_assert(RANDOM_SEED_SIZE >= RANDOM_SEED_MINIMUM, "seed size");

static br_hmac_drbg_context *state_of(struct random_generator *generator)
{
    return (br_hmac_drbg_context *)generator->opaque;
}

bool random_start(struct random_generator *generator, random_entropy_fn *entropy, void *context, const char *label)
{
    /* Entropy input and nonce in one (SP 800-90A section 8.6.7), then the personalization string. */
    uint8_t seed[RANDOM_SEED_SIZE + MAX_LABEL];
    memset(generator, 0, sizeof(*generator));
    generator->entropy = entropy;
    generator->context = context;
    size_t length = 0;
    while (length < MAX_LABEL && label[length] != '\0') {
        seed[RANDOM_SEED_SIZE + length] = (uint8_t)label[length];
        length++;
    }
    generator->ready = entropy(context, seed, RANDOM_SEED_SIZE);
    if (generator->ready) {
        br_hmac_drbg_init(state_of(generator), &br_sha512_vtable, seed, RANDOM_SEED_SIZE + length);
    }
    secret_wipe(seed, sizeof(seed));
    return generator->ready;
}

static bool reseed(struct random_generator *generator)
{
    uint8_t seed[RANDOM_SEED_SIZE];
    bool seeded = generator->entropy(generator->context, seed, sizeof(seed));
    if (seeded) {
        br_hmac_drbg_update(state_of(generator), seed, sizeof(seed));
        generator->outputs = 0;
    }
    secret_wipe(seed, sizeof(seed));
    return seeded;
}

bool random_bytes(struct random_generator *generator, void *output, size_t size)
{
    uint8_t *to = output;
    size_t left = size;
    while (left > 0) {
        if (!generator->ready || (generator->outputs >= RANDOM_RESEED_INTERVAL && !reseed(generator))) {
            /* A source that has failed once is not trusted again. */
            random_end(generator);
            secret_wipe(output, size);
            return false;
        }
        size_t piece = left < MAX_REQUEST ? left : MAX_REQUEST;
        br_hmac_drbg_generate(state_of(generator), to, piece);
        generator->outputs++;
        to += piece;
        left -= piece;
    }
    return generator->ready;
}

void random_end(struct random_generator *generator)
{
    secret_wipe(generator, sizeof(*generator));
}
