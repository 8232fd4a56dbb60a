/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lattice signatures, the only ones with an encoding that can be malformed. Whatever
 * is changed in a right signature, its key, its message or its context: refused.
 *
 * Input: a byte that chooses the algorithm and what is changed, two bytes that say
 * where, then bytes that are XORed onto it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/signature.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct signed_message {
    const struct signature_parameters *parameters;
    uint8_t public_key[SIGNATURE_MAX_PUBLIC_KEY];
    uint8_t signature[SIGNATURE_MAX_SIZE];
    uint8_t message[64], context[16];
};

static void check(bool condition)
{
    if (!condition) {
        abort();
    }
}

static bool verify(const struct signed_message *given)
{
    const struct signature_parameters *parameters = given->parameters;
    return signature_verify(parameters->id, given->public_key, parameters->public_key_size, given->context,
                            sizeof(given->context), given->message, sizeof(given->message), given->signature,
                            parameters->signature_size);
}

static void make(struct signed_message *made, enum signature_algorithm algorithm)
{
    static uint8_t secret_key[SIGNATURE_MAX_SECRET_KEY];
    const uint8_t seed[32] = {1}, random[32] = {0};
    made->parameters = signature_parameters(algorithm);
    check(signature_make_key(algorithm, seed, made->public_key, secret_key));
    check(signature_sign(algorithm, secret_key, made->context, sizeof(made->context), made->message,
                         sizeof(made->message), random, made->signature));
    check(verify(made));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct signed_message right[2];
    if (right[0].parameters == NULL) {
        make(&right[0], SIGNATURE_ML_DSA_65);
        make(&right[1], SIGNATURE_ML_DSA_87);
    }
    if (size < 4) {
        return 0;
    }
    struct signed_message given = right[data[0] & 1];
    uint8_t *areas[] = {given.signature, given.public_key, given.message, given.context};
    const size_t sizes[] = {given.parameters->signature_size, given.parameters->public_key_size, sizeof(given.message),
                            sizeof(given.context)};
    unsigned int chosen = data[0] >> 1 & 3;
    size_t place = (data[1] | (size_t)data[2] << 8) % sizes[chosen];
    bool changed = false;
    for (size_t i = 3; i < size && place < sizes[chosen]; i++, place++) {
        areas[chosen][place] ^= data[i];
        changed = changed || data[i] != 0;
    }
    check(verify(&given) == !changed);
    return 0;
}
