/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receiving side of the sealed channel. The input says how a good stream of
 * two records is changed (a byte, then what to do); data come out only if they
 * are the right ones in the right order. Also: any bytes as a public key file.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/seal.h>

static uint8_t secret_key[SEAL_SECRET_KEY_SIZE], public_key[SEAL_MAX_PUBLIC_KEY];
static uint8_t stream[SEAL_MAX_HEADER + 2 * SEAL_RECORD_OVERHEAD + 100];
static size_t stream_size;
static struct seal_session accepted; /* with the right header: what takes the most time is done once */

static bool entropy(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    memset(buffer, 0x42, size);
    return true;
}

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void prepare(void)
{
    struct random_generator random;
    struct seal_session session;
    size_t header = seal_parameters(SEAL_X25519_ML_KEM_768)->header_size;
    memset(secret_key, 0x24, sizeof(secret_key));
    require(random_start(&random, entropy, NULL, "fuzz") &&
            seal_public_key(SEAL_X25519_ML_KEM_768, secret_key, public_key) &&
            seal_start(&session, SEAL_X25519_ML_KEM_768, public_key, "c", 1, &random, stream) == SEAL_OK);
    require(seal_write(&session, "first record", 12, false, stream + header) == SEAL_OK);
    require(seal_write(&session, "last", 4, true, stream + header + 12 + SEAL_RECORD_OVERHEAD) == SEAL_OK);
    stream_size = header + 16 + 2 * SEAL_RECORD_OVERHEAD;
    require(seal_accept(&accepted, SEAL_X25519_ML_KEM_768, secret_key, stream, header, "c", 1) == SEAL_OK);
}

/* Reads what there is; data must be a beginning of the right ones. */
static void read_stream(const uint8_t *bytes, size_t size)
{
    static const char right[] = "first recordlast";
    struct seal_session session = accepted;
    size_t at = 0, taken = 0;
    bool last = false;
    if (seal_header_size(bytes, size, &at) != SEAL_OK || at > size) {
        return;
    }
    if (memcmp(bytes, stream, at) != 0) {
        require(seal_accept(&session, SEAL_X25519_ML_KEM_768, secret_key, bytes, at, "c", 1) != SEAL_OK);
        return;
    }
    while (at < size && !last) {
        static uint8_t data[SEAL_MAX_DATA];
        size_t record = 0, length = 0;
        if (seal_record_size(bytes + at, size - at, &record) != SEAL_OK || record > size - at ||
            seal_read(&session, bytes + at, record, data, &length, &last) != SEAL_OK) {
            require(seal_finish(&session) != SEAL_OK);
            return;
        }
        require(taken + length <= 16 && memcmp(data, right + taken, length) == 0);
        taken += length;
        at += record;
    }
    require(last == (seal_finish(&session) == SEAL_OK) && (!last || taken == 16));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t changed[sizeof(stream) + 4096];
    uint32_t suite;
    const uint8_t *key;
    if (stream_size == 0) {
        prepare();
    }
    (void)seal_key_file_parse(data, size, &suite, &key);
    if (size < 3 || size > 4096) {
        return 0;
    }
    /* Half of the inputs leave the header as it is. */
    size_t least = (data[0] & 4) != 0 ? stream_size - 16 - 2 * SEAL_RECORD_OVERHEAD : 0;
    size_t at = least + (data[1] | (size_t)data[2] << 8) % (stream_size + 1 - least);
    memcpy(changed, stream, stream_size);
    size_t length = stream_size;
    switch (data[0] % 4) {
    case 0: /* other bytes from here on */
        memcpy(changed + at, data + 3, size - 3);
        length = at + size - 3;
        break;
    case 1: /* other bytes in the middle */
        length = at + size - 3 > length ? at + size - 3 : length;
        memcpy(changed + at, data + 3, size - 3);
        break;
    case 2: /* inserted */
        memcpy(changed + at, data + 3, size - 3);
        memcpy(changed + at + size - 3, stream + at, stream_size - at);
        length += size - 3;
        break;
    default: /* cut off */
        length = at;
        break;
    }
    read_stream(changed, length);
    return 0;
}
