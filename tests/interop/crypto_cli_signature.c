/* SPDX-License-Identifier: BSD-2-Clause */
/*
 *     make-key ALGORITHM SEED                            public key, secret key
 *     sign     ALGORITHM SECRET-KEY CONTEXT MESSAGE RANDOM        signature
 *     verify   ALGORITHM PUBLIC-KEY CONTEXT MESSAGE SIGNATURE
 *     key-id   ALGORITHM PUBLIC-KEY                      key id
 *     sign-internal, verify-internal: likewise, without CONTEXT
 *
 * The internal ones are FIPS 204's algorithms 7 and 8, FIPS 205's 19 and 20: they
 * take M' in place of M and a context. Published vectors test those, our interface
 * does not offer them. For SLH-DSA they are called. For ML-DSA upstream has none:
 * there, what the standard writes in front of M, the bytes 0 and 0 (no context), is
 * kept from the hash function (__wrap_keccak_absorb_bytes, by the linker's --wrap).
 */
#include <stdlib.h>
#include <string.h>

#include <crypto/signature.h>

#include "../../crypto/src/keccak.h"
#include "../../crypto/src/slh_dsa/slh_dsa.h"
#include "crypto_cli.h"

void __real_keccak_absorb_bytes(struct keccak_sponge *sponge, uint32_t rate, const void *data, size_t size);
void __wrap_keccak_absorb_bytes(struct keccak_sponge *sponge, uint32_t rate, const void *data, size_t size);

/* Whether the next two bytes for SHAKE256 are the prefix, to be left out. */
static bool leave_out_prefix;

void __wrap_keccak_absorb_bytes(struct keccak_sponge *sponge, uint32_t rate, const void *data, size_t size)
{
    if (leave_out_prefix && rate == KECCAK_RATE_SHAKE256 && size == 2 && memcmp(data, "\0", 2) == 0) {
        leave_out_prefix = false;
        return;
    }
    __real_keccak_absorb_bytes(sponge, rate, data, size);
}

static const struct signature_parameters *find(const char *name)
{
    const struct signature_parameters *parameters = signature_algorithm_named(name);
    if (parameters == NULL) {
        cli_error("no such algorithm");
    }
    return parameters;
}

static void answer_one(bool done, uint8_t *result, size_t size)
{
    if (done) {
        cli_ok(1, &(struct cli_bytes){.data = result, .size = size});
    } else {
        cli_no();
    }
    free(result);
}

static void make_key(const char *algorithm, const struct cli_bytes *arguments)
{
    const struct signature_parameters *parameters = find(algorithm);
    if (parameters == NULL) {
        return;
    }
    if (arguments[0].size != parameters->seed_size) {
        cli_error("wrong size of the seed");
        return;
    }
    struct cli_bytes keys[2] = {{cli_area(parameters->public_key_size), parameters->public_key_size},
                                {cli_area(parameters->secret_key_size), parameters->secret_key_size}};
    if (signature_make_key(parameters->id, arguments[0].data, keys[0].data, keys[1].data)) {
        cli_ok(2, keys);
    } else {
        cli_no();
    }
    free(keys[0].data);
    free(keys[1].data);
}

static void key_id(const char *algorithm, const struct cli_bytes *arguments)
{
    const struct signature_parameters *parameters = find(algorithm);
    if (parameters == NULL) {
        return;
    }
    if (arguments[0].size != parameters->public_key_size) {
        cli_error("wrong size of the public key");
        return;
    }
    uint8_t *id = cli_area(SIGNATURE_KEY_ID_SIZE);
    signature_key_id(parameters->id, arguments[0].data, id);
    answer_one(true, id, SIGNATURE_KEY_ID_SIZE);
}

static bool sizes_to_sign(const struct signature_parameters *parameters, const struct cli_bytes *secret_key,
                          const struct cli_bytes *random)
{
    if (secret_key->size != parameters->secret_key_size || random->size != parameters->random_size) {
        cli_error("wrong size of the secret key or of the random bytes");
        return false;
    }
    return true;
}

static void sign(const char *algorithm, const struct cli_bytes *arguments)
{
    const struct signature_parameters *parameters = find(algorithm);
    if (parameters == NULL || !sizes_to_sign(parameters, &arguments[0], &arguments[3])) {
        return;
    }
    uint8_t *signature = cli_area(parameters->signature_size);
    bool done = signature_sign(parameters->id, arguments[0].data, arguments[1].data, arguments[1].size,
                               arguments[2].data, arguments[2].size, arguments[3].data, signature);
    answer_one(done, signature, parameters->signature_size);
}

static void answer_verified(bool right)
{
    if (right) {
        cli_ok(0, NULL);
    } else {
        cli_no();
    }
}

static void verify(const char *algorithm, const struct cli_bytes *arguments)
{
    const struct signature_parameters *parameters = find(algorithm);
    if (parameters != NULL) {
        answer_verified(signature_verify(parameters->id, arguments[0].data, arguments[0].size, arguments[1].data,
                                         arguments[1].size, arguments[2].data, arguments[2].size, arguments[3].data,
                                         arguments[3].size));
    }
}

typedef void sign_fn(const uint8_t *secret_key, const struct message_pieces *message, const uint8_t *random,
                     uint8_t *signature);
typedef bool verify_fn(const uint8_t *public_key, const struct message_pieces *message, const uint8_t *signature);

static const struct {
    enum signature_algorithm id;
    sign_fn *sign;
    verify_fn *verify;
} slh_dsa[] = {
    {SIGNATURE_SLH_DSA_SHA2_128S, slh_dsa_sha2_128s_sign, slh_dsa_sha2_128s_verify},
    {SIGNATURE_SLH_DSA_SHA2_192S, slh_dsa_sha2_192s_sign, slh_dsa_sha2_192s_verify},
    {SIGNATURE_SLH_DSA_SHA2_256S, slh_dsa_sha2_256s_sign, slh_dsa_sha2_256s_verify},
    {SIGNATURE_SLH_DSA_SHAKE_128S, slh_dsa_shake_128s_sign, slh_dsa_shake_128s_verify},
    {SIGNATURE_SLH_DSA_SHAKE_192S, slh_dsa_shake_192s_sign, slh_dsa_shake_192s_verify},
    {SIGNATURE_SLH_DSA_SHAKE_256S, slh_dsa_shake_256s_sign, slh_dsa_shake_256s_verify},
};
#define SLH_DSA_COUNT (sizeof(slh_dsa) / sizeof(slh_dsa[0]))

static void sign_internal(const char *algorithm, const struct cli_bytes *arguments)
{
    const struct signature_parameters *parameters = find(algorithm);
    if (parameters == NULL || !sizes_to_sign(parameters, &arguments[0], &arguments[2])) {
        return;
    }
    uint8_t *signature = cli_area(parameters->signature_size);
    bool done = false;
    for (unsigned int i = 0; i < SLH_DSA_COUNT; i++) {
        if (slh_dsa[i].id == parameters->id) {
            struct message_pieces message = {1, {{arguments[1].data, arguments[1].size}}};
            slh_dsa[i].sign(arguments[0].data, &message, arguments[2].data, signature);
            done = true;
        }
    }
    if (!done) {
        leave_out_prefix = true;
        done = signature_sign(parameters->id, arguments[0].data, NULL, 0, arguments[1].data, arguments[1].size,
                              arguments[2].data, signature);
        done = done && !leave_out_prefix;
    }
    leave_out_prefix = false;
    answer_one(done, signature, parameters->signature_size);
}

static void verify_internal(const char *algorithm, const struct cli_bytes *arguments)
{
    const struct signature_parameters *parameters = find(algorithm);
    if (parameters == NULL) {
        return;
    }
    for (unsigned int i = 0; i < SLH_DSA_COUNT; i++) {
        if (slh_dsa[i].id == parameters->id) {
            struct message_pieces message = {1, {{arguments[1].data, arguments[1].size}}};
            answer_verified(arguments[0].size == parameters->public_key_size &&
                            arguments[2].size == parameters->signature_size &&
                            slh_dsa[i].verify(arguments[0].data, &message, arguments[2].data));
            return;
        }
    }
    leave_out_prefix = true;
    answer_verified(signature_verify(parameters->id, arguments[0].data, arguments[0].size, NULL, 0, arguments[1].data,
                                     arguments[1].size, arguments[2].data, arguments[2].size));
    leave_out_prefix = false;
}

static struct cli_command commands[] = {
    {.name = "make-key", .arguments = 1, .run = make_key},
    {.name = "key-id", .arguments = 1, .run = key_id},
    {.name = "sign", .arguments = 4, .run = sign},
    {.name = "verify", .arguments = 4, .run = verify},
    {.name = "sign-internal", .arguments = 3, .run = sign_internal},
    {.name = "verify-internal", .arguments = 3, .run = verify_internal},
};

static __attribute__((constructor)) void add_commands(void)
{
    for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        cli_add(&commands[i]);
    }
}
