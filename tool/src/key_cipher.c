/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_cipher.h"
#include <argon2.h>
#include <bearssl_block.h>
#include <crypto/wipe.h>
#include <string.h>

#define CIPHER_KEY_SIZE 32u

/* RFC 9106 recommends 64 MiB and three passes where memory is scarce, 2 GiB where it is not: between them. */
const struct key_derivation key_derivation_default = {.memory_kib = 0x40000, .passes = 3, .lanes = 4};
/* Nothing can be gained from an empty passphrase. */
const struct key_derivation key_derivation_empty = {.memory_kib = 8, .passes = 1, .lanes = 1};

static const char *derive(const struct key_derivation *derivation, const uint8_t *salt,
                          const struct passphrase *passphrase, uint8_t key[CIPHER_KEY_SIZE])
{
    int error = argon2id_hash_raw(derivation->passes, derivation->memory_kib, derivation->lanes, passphrase->text,
                                  passphrase->size, salt, KEY_FILE_SALT_SIZE, key, CIPHER_KEY_SIZE);
    if (error == ARGON2_MEMORY_ALLOCATION_ERROR) {
        return "there is too little memory to derive its encryption key; 1 GiB suffices for every key file";
    }
    return error == ARGON2_OK ? NULL : argon2_error_message(error);
}

const char *key_cipher_encrypt(uint8_t *header, size_t header_size, const uint8_t salt[KEY_FILE_SALT_SIZE],
                               const uint8_t nonce[KEY_FILE_NONCE_SIZE], const struct passphrase *passphrase,
                               const struct key_derivation *derivation, const uint8_t *secret_key, size_t size)
{
    uint8_t *key = secret_allocate(CIPHER_KEY_SIZE);
    const char *problem = derive(derivation, salt, passphrase, key);
    if (problem == NULL) {
        memcpy(header + header_size, secret_key, size);
        br_poly1305_ctmulq_run(key, nonce, header + header_size, size, header, header_size, header + header_size + size,
                               br_chacha20_ct_run, 1);
    }
    secret_free(key, CIPHER_KEY_SIZE);
    return problem;
}

const char *key_file_unlock(const struct key_file *key, const struct passphrase *passphrase, uint8_t *secret_key)
{
    uint8_t *cipher_key = secret_allocate(CIPHER_KEY_SIZE);
    uint8_t tag[KEY_FILE_TAG_SIZE];
    const char *problem = derive(&key->derivation, key->salt, passphrase, cipher_key);
    if (problem == NULL) {
        memcpy(secret_key, key->encrypted, key->secret_key_size);
        br_poly1305_ctmulq_run(cipher_key, key->nonce, secret_key, key->secret_key_size, key->bytes, key->header_size,
                               tag, br_chacha20_ct_run, 0);
        if (!secret_equal(tag, key->encrypted + key->secret_key_size, sizeof(tag))) {
            problem = "wrong passphrase, or the file is damaged";
        }
    }
    if (problem != NULL) {
        secret_wipe(secret_key, key->secret_key_size);
    }
    secret_free(cipher_key, CIPHER_KEY_SIZE);
    return problem;
}
