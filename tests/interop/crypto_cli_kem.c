/* SPDX-License-Identifier: BSD-2-Clause */
/*
 *     make-kem-key ALGORITHM SEED                  public key, secret key
 *     encapsulate  ALGORITHM PUBLIC-KEY RANDOM     ciphertext, shared key
 *     decapsulate  ALGORITHM SECRET-KEY CIPHERTEXT shared key
 */
#include <stdlib.h>
#include <string.h>

#include <crypto/kem.h>

#include "crypto_cli.h"

static const struct kem_parameters *find(const char *name)
{
    static const uint32_t algorithms[] = {KEM_ML_KEM_768, KEM_ML_KEM_1024};
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        const struct kem_parameters *parameters = kem_parameters(algorithms[i]);
        if (strcmp(parameters->name, name) == 0) {
            return parameters;
        }
    }
    cli_error("no such algorithm");
    return NULL;
}

/* Answers with two areas, the second of which may be empty, and frees them. */
static void answer(bool done, struct cli_bytes *results, unsigned int count)
{
    if (done) {
        cli_ok(count, results);
    } else {
        cli_no();
    }
    for (unsigned int i = 0; i < count; i++) {
        free(results[i].data);
    }
}

static struct cli_bytes area(size_t size)
{
    return (struct cli_bytes){.data = cli_area(size), .size = size};
}

static void make_key(const char *algorithm, const struct cli_bytes *arguments)
{
    const struct kem_parameters *parameters = find(algorithm);
    if (parameters == NULL) {
        return;
    }
    if (arguments[0].size != KEM_SEED_SIZE) {
        cli_error("the seed has not 64 bytes");
        return;
    }
    struct cli_bytes keys[2] = {area(parameters->public_key_size), area(parameters->secret_key_size)};
    answer(kem_make_key(parameters->id, arguments[0].data, keys[0].data, keys[1].data), keys, 2);
}

static void encapsulate(const char *algorithm, const struct cli_bytes *arguments)
{
    const struct kem_parameters *parameters = find(algorithm);
    if (parameters == NULL) {
        return;
    }
    if (arguments[1].size != KEM_RANDOM_SIZE) {
        cli_error("the random number has not 32 bytes");
        return;
    }
    struct cli_bytes results[2] = {area(parameters->ciphertext_size), area(KEM_SHARED_KEY_SIZE)};
    answer(kem_encapsulate(parameters->id, arguments[0].data, arguments[0].size, arguments[1].data, results[0].data,
                           results[1].data),
           results, 2);
}

static void decapsulate(const char *algorithm, const struct cli_bytes *arguments)
{
    const struct kem_parameters *parameters = find(algorithm);
    if (parameters == NULL) {
        return;
    }
    struct cli_bytes result = area(KEM_SHARED_KEY_SIZE);
    answer(kem_decapsulate(parameters->id, arguments[0].data, arguments[0].size, arguments[1].data, arguments[1].size,
                           result.data),
           &result, 1);
}

static __attribute__((constructor)) void add_commands(void)
{
    static struct cli_command commands[] = {
        {.name = "make-kem-key", .arguments = 1, .run = make_key},
        {.name = "encapsulate", .arguments = 2, .run = encapsulate},
        {.name = "decapsulate", .arguments = 2, .run = decapsulate},
    };
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        cli_add(&commands[i]);
    }
}
