/* SPDX-License-Identifier: BSD-2-Clause */
/* Key files of any bytes: parsed, and whatever was accepted stays within the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tool/key_file.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        sink = bytes[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key_file key;
    /* Exactly as large as it is, so that the address sanitizer sees the first byte beyond. */
    uint8_t *bytes = malloc(size == 0 ? 1 : size);
    if (bytes == NULL) {
        return 0;
    }
    if (size != 0) {
        memcpy(bytes, data, size);
    }
    const char *problem = key_file_parse(bytes, size, &key);
    if (problem == NULL) {
        touch(key.public_key, key.public_key_size);
        touch(key.encrypted, key.secret_key_size + KEY_FILE_TAG_SIZE);
        touch(key.salt, KEY_FILE_SALT_SIZE);
        touch(key.nonce, KEY_FILE_NONCE_SIZE);
        if (key.header_size + key.secret_key_size + KEY_FILE_TAG_SIZE != size ||
            key.derivation.memory_kib > KEY_DERIVATION_MAX_MEMORY || key.derivation.memory_kib == 0 ||
            key.derivation.passes > KEY_DERIVATION_MAX_PASSES || key.derivation.lanes > KEY_DERIVATION_MAX_LANES) {
            abort();
        }
        key_kind_name(key.kind);
    } else if (problem[0] == '\0') {
        abort();
    }
    free(bytes);
    return 0;
}
