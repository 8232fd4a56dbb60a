/* SPDX-License-Identifier: BSD-2-Clause */
/* How key files are encrypted: Argon2id, then ChaCha20-Poly1305. */
#pragma once

#include <tool/key_file.h>

/* Encrypts size bytes of secret_key to where the header ends, and the tag after them. The header is what the
 * tag covers too. Returns NULL, or what failed. */
const char *key_cipher_encrypt(uint8_t *header, size_t header_size, const uint8_t salt[KEY_FILE_SALT_SIZE],
                               const uint8_t nonce[KEY_FILE_NONCE_SIZE], const struct passphrase *passphrase,
                               const struct key_derivation *derivation, const uint8_t *secret_key, size_t size);
