/* SPDX-License-Identifier: BSD-2-Clause */
/*
 *     seal-public-key SUITE SECRET-KEY             public key
 *     seal   SUITE PUBLIC-KEY CONTEXT TEXT         sealed data, in records of 1000 bytes
 *     unseal SUITE SECRET-KEY CONTEXT SEALED       text
 *
 * SUITE: X25519-ML-KEM-768 or X25519-ML-KEM-1024.
 */
#include <stdlib.h>
#include <string.h>

#include <crypto/seal.h>

#include "crypto_cli.h"

#define RECORD_DATA 1000u

static const struct seal_parameters *find(const char *name)
{
    if (strcmp(name, "X25519-ML-KEM-768") == 0) {
        return seal_parameters(SEAL_X25519_ML_KEM_768);
    }
    if (strcmp(name, "X25519-ML-KEM-1024") == 0) {
        return seal_parameters(SEAL_X25519_ML_KEM_1024);
    }
    cli_error("no such suite");
    return NULL;
}

static void answer(bool done, struct cli_bytes result)
{
    if (done) {
        cli_ok(1, &result);
    } else {
        cli_no();
    }
    free(result.data);
}

static void public_key(const char *suite, const struct cli_bytes *arguments)
{
    const struct seal_parameters *parameters = find(suite);
    if (parameters == NULL) {
        return;
    }
    if (arguments[0].size != SEAL_SECRET_KEY_SIZE) {
        cli_error("wrong size");
        return;
    }
    struct cli_bytes result = {.data = cli_area(parameters->public_key_size), .size = parameters->public_key_size};
    answer(seal_public_key(parameters->id, arguments[0].data, result.data), result);
}

static void seal(const char *suite, const struct cli_bytes *arguments)
{
    const struct seal_parameters *parameters = find(suite);
    struct random_generator random;
    struct seal_session session;
    if (parameters == NULL) {
        return;
    }
    if (arguments[0].size != parameters->public_key_size) {
        cli_error("wrong size");
        return;
    }
    size_t left = arguments[2].size;
    const uint8_t *text = arguments[2].data;
    struct cli_bytes result = {.size = parameters->header_size};
    result.data = cli_area(parameters->header_size + left + (left / RECORD_DATA + 1) * SEAL_RECORD_OVERHEAD);
    bool good = random_start(&random, random_platform_entropy, NULL, "crypto_cli") &&
                seal_start(&session, parameters->id, arguments[0].data, arguments[1].data, arguments[1].size, &random,
                           result.data) == SEAL_OK;
    bool last = false;
    while (good && !last) {
        size_t size = left < RECORD_DATA ? left : RECORD_DATA;
        last = size == left;
        good = seal_write(&session, text, size, last, result.data + result.size) == SEAL_OK;
        result.size += size + SEAL_RECORD_OVERHEAD;
        text += size;
        left -= size;
    }
    answer(good, result);
}

static bool read_records(struct seal_session *session, const uint8_t *sealed, size_t size, struct cli_bytes *text)
{
    bool last = false;
    while (!last) {
        size_t record, data;
        if (seal_record_size(sealed, size, &record) != SEAL_OK || record > size ||
            seal_read(session, sealed, record, text->data + text->size, &data, &last) != SEAL_OK) {
            return false;
        }
        text->size += data;
        sealed += record;
        size -= record;
    }
    return size == 0 && seal_finish(session) == SEAL_OK;
}

static void unseal(const char *suite, const struct cli_bytes *arguments)
{
    const struct seal_parameters *parameters = find(suite);
    const struct cli_bytes *sealed = &arguments[2];
    struct seal_session session;
    size_t header;
    if (parameters == NULL) {
        return;
    }
    if (arguments[0].size != SEAL_SECRET_KEY_SIZE) {
        cli_error("wrong size");
        return;
    }
    struct cli_bytes text = {.data = cli_area(sealed->size)};
    answer(seal_header_size(sealed->data, sealed->size, &header) == SEAL_OK && header <= sealed->size &&
               seal_accept(&session, parameters->id, arguments[0].data, sealed->data, header, arguments[1].data,
                           arguments[1].size) == SEAL_OK &&
               read_records(&session, sealed->data + header, sealed->size - header, &text),
           text);
}

static __attribute__((constructor)) void add_commands(void)
{
    static struct cli_command commands[] = {
        {.name = "seal-public-key", .arguments = 1, .run = public_key},
        {.name = "seal", .arguments = 3, .run = seal},
        {.name = "unseal", .arguments = 3, .run = unseal},
    };
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        cli_add(&commands[i]);
    }
}
