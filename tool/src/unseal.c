/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/armour.h>
#include <string.h>
#include <tool/unseal.h>

static struct blob *make_blob(struct arena *arena, size_t capacity)
{
    struct blob *blob = ARENA_NEW(arena, struct blob);
    *blob = (struct blob){.data = arena_allocate(arena, capacity), .path = "sealed data", .generated = true};
    return blob;
}

struct blob *unarmour(struct arena *arena, const uint8_t *file, size_t size, size_t *skipped, const char **reason)
{
    struct armour_decoder decoder;
    /* No line gives more bytes than it has characters. */
    struct blob *blob = make_blob(arena, size + ARMOUR_LINE_BYTES);
    size_t line = 0;
    bool begun = false;
    *skipped = 0;
    if (size >= 8 && memcmp(file, SEAL_MAGIC, 8) == 0) {
        memcpy(blob->data, file, size);
        blob->size = size;
        return blob;
    }
    armour_decoder_start(&decoder);
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(file + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - (file + at)), count;
        enum armour_result result =
            armour_decode_line(&decoder, (const char *)file + at, length, blob->data + blob->size, &count);
        line++;
        at += length + 1;
        blob->size += count;
        *skipped = decoder.skipped;
        switch (result) {
        case ARMOUR_STARTED:
            blob->size = 0;
            begun = true;
            break;
        case ARMOUR_ENDED:
            return blob;
        case ARMOUR_AMBIGUOUS:
            *reason =
                arena_format(arena, "line %zu, or a short line before it, is damaged; copy the lines again", line);
            return NULL;
        case ARMOUR_BAD_PADDING:
            *reason =
                arena_format(arena, "the last line of base64, before line %zu, is damaged; copy the lines again", line);
            return NULL;
        default:
            break;
        }
    }
    *reason = begun ? "the line '" ARMOUR_END "' is missing; copy all lines from BEGIN to END"
                    : "there is no line '" ARMOUR_BEGIN "'; give the file into which the output of 'export log' was "
                      "copied";
    return NULL;
}

bool unseal_recipient(struct arena *arena, const struct blob *sealed, uint32_t *suite, uint8_t id[SEAL_KEY_ID_SIZE],
                      const char **reason)
{
    size_t header;
    enum seal_error error = seal_header_size(sealed->data, sealed->size, &header);
    if (error == SEAL_OK && header > sealed->size) {
        error = SEAL_HEADER_TRUNCATED;
    }
    if (error != SEAL_OK) {
        *reason = arena_format(arena, "%s", seal_error_text(error));
        return false;
    }
    *suite = sealed->data[10] | (uint32_t)sealed->data[11] << 8;
    memcpy(id, sealed->data + SEAL_PREFIX_SIZE, SEAL_KEY_ID_SIZE);
    return true;
}

/* Reads records up to the last, or to what is wrong. */
static enum seal_error read_records(struct seal_session *session, const struct blob *sealed, size_t at,
                                    struct unsealed *result)
{
    bool last = false;
    while (!last) {
        size_t record = 0, count = 0;
        if (at == sealed->size) {
            return SEAL_NO_END;
        }
        enum seal_error error = seal_record_size(sealed->data + at, sealed->size - at, &record);
        if (error == SEAL_OK && record > sealed->size - at) {
            error = SEAL_RECORD_TRUNCATED;
        }
        if (error == SEAL_OK) {
            error = seal_read(session, sealed->data + at, record, result->data + result->size, &count, &last);
        }
        if (error != SEAL_OK) {
            return error;
        }
        at += record;
        result->size += count;
        result->records++;
    }
    return at == sealed->size ? seal_finish(session) : SEAL_AFTER_END;
}

bool unseal(struct arena *arena, const struct blob *sealed, uint32_t suite,
            const uint8_t secret_key[SEAL_SECRET_KEY_SIZE], const char *context, struct unsealed *result,
            const char **reason)
{
    struct seal_session session;
    size_t header = 0;
    *result = (struct unsealed){.data = arena_allocate(arena, sealed->size + 1)};
    enum seal_error error = seal_header_size(sealed->data, sealed->size, &header);
    if (error == SEAL_OK && header > sealed->size) {
        error = SEAL_HEADER_TRUNCATED;
    }
    if (error == SEAL_OK) {
        error = seal_accept(&session, suite, secret_key, sealed->data, header, context, strlen(context));
        if (error == SEAL_OK) {
            error = read_records(&session, sealed, header, result);
        }
        seal_end(&session);
    }
    result->complete = error == SEAL_OK;
    if (error != SEAL_OK) {
        *reason = result->records == 0
                      ? arena_format(arena, "%s", seal_error_text(error))
                      : arena_format(arena, "after %zu good records: %s", result->records, seal_error_text(error));
    }
    return result->complete;
}
