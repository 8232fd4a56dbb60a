/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the sealed channel (docs/seal.md), and the texts of its errors. */
#include <crypto/seal.h>

#include <string.h>

#include <bearssl_block.h>
#include <crypto/wipe.h>

enum record_kind {
    RECORD_MORE = 1, /* more follow in this direction */
    RECORD_LAST = 2,
};

/* Upstream's calls leave keys on the stack, this deep at most (tests/interop/seal_stack.c). */
#define STACK_TO_WIPE 0x400u

static __attribute__((noinline)) void wipe_stack(void)
{
    uint8_t area[STACK_TO_WIPE];
    secret_wipe(area, sizeof(area));
}

/* RFC 8439 section 2.8. The nonce is the record's number, for each key is used in one session and direction only. */
static void run_aead(const struct seal_direction *direction, const uint8_t prefix[SEAL_RECORD_PREFIX], uint8_t *data,
                     size_t size, uint8_t tag[SEAL_TAG_SIZE], bool encrypt)
{
    uint8_t nonce[12] = {0};
    for (unsigned int i = 0; i < sizeof(direction->sequence); i++) {
        nonce[4 + i] = (uint8_t)(direction->sequence >> 8 * i);
    }
    br_poly1305_ctmulq_run(direction->key, nonce, data, size, prefix, SEAL_RECORD_PREFIX, tag, br_chacha20_ct_run,
                           encrypt);
    wipe_stack();
}

/* A direction that is over needs its key no more. */
static void advance(struct seal_direction *direction, bool last)
{
    direction->sequence++;
    if (last) {
        direction->ended = true;
        secret_wipe(direction->key, sizeof(direction->key));
    }
}

enum seal_error seal_write(struct seal_session *session, const void *data, size_t size, bool last, uint8_t *record)
{
    if (!session->alive) {
        return SEAL_SESSION_DEAD;
    }
    if (session->send.ended) {
        return SEAL_AFTER_END;
    }
    if (size > SEAL_MAX_DATA) {
        return SEAL_RECORD_TOO_LARGE;
    }
    if (size == 0 && !last) {
        return SEAL_EMPTY_RECORD;
    }
    record[0] = last ? RECORD_LAST : RECORD_MORE;
    record[1] = (uint8_t)size;
    record[2] = (uint8_t)(size >> 8);
    if (size > 0) {
        memcpy(record + SEAL_RECORD_PREFIX, data, size);
    }
    run_aead(&session->send, record, record + SEAL_RECORD_PREFIX, size, record + SEAL_RECORD_PREFIX + size, true);
    advance(&session->send, last);
    return SEAL_OK;
}

enum seal_error seal_record_size(const uint8_t *record, size_t size, size_t *record_size)
{
    if (size < SEAL_RECORD_PREFIX) {
        return SEAL_RECORD_TRUNCATED;
    }
    size_t data_size = record[1] | (size_t)record[2] << 8;
    if (record[0] != RECORD_MORE && record[0] != RECORD_LAST) {
        return SEAL_UNKNOWN_RECORD;
    }
    if (data_size > SEAL_MAX_DATA) {
        return SEAL_RECORD_TOO_LARGE;
    }
    if (data_size == 0 && record[0] != RECORD_LAST) {
        return SEAL_EMPTY_RECORD;
    }
    *record_size = data_size + SEAL_RECORD_OVERHEAD;
    return SEAL_OK;
}

static enum seal_error read_record(struct seal_session *session, const uint8_t *record, size_t size, uint8_t *data,
                                   size_t *data_size, bool *last)
{
    uint8_t prefix[SEAL_RECORD_PREFIX], tag[SEAL_TAG_SIZE], right[SEAL_TAG_SIZE];
    size_t record_size = 0;
    if (session->receive.ended) {
        return SEAL_AFTER_END;
    }
    enum seal_error error = seal_record_size(record, size, &record_size);
    if (error != SEAL_OK) {
        return error;
    }
    if (size != record_size) {
        return SEAL_RECORD_TRUNCATED;
    }
    size_t length = record_size - SEAL_RECORD_OVERHEAD;
    memcpy(prefix, record, sizeof(prefix));
    memcpy(tag, record + SEAL_RECORD_PREFIX + length, sizeof(tag));
    if (length > 0) {
        memmove(data, record + SEAL_RECORD_PREFIX, length);
    }
    run_aead(&session->receive, prefix, data, length, right, false);
    if (!secret_equal(tag, right, sizeof(tag))) {
        secret_wipe(data, length);
        return SEAL_WRONG_TAG;
    }
    *data_size = length;
    *last = prefix[0] == RECORD_LAST;
    advance(&session->receive, *last);
    return SEAL_OK;
}

enum seal_error seal_read(struct seal_session *session, const uint8_t *record, size_t size, uint8_t *data,
                          size_t *data_size, bool *last)
{
    *data_size = 0;
    *last = false;
    if (!session->alive) {
        return SEAL_SESSION_DEAD;
    }
    enum seal_error error = read_record(session, record, size, data, data_size, last);
    if (error != SEAL_OK) {
        seal_end(session);
    }
    return error;
}

enum seal_error seal_finish(const struct seal_session *session)
{
    if (!session->alive) {
        return SEAL_SESSION_DEAD;
    }
    return session->receive.ended ? SEAL_OK : SEAL_NO_END;
}

const char *seal_error_text(enum seal_error error)
{
    static const char *const texts[SEAL_ERROR_COUNT] = {
        [SEAL_OK] = "no error",
        [SEAL_NO_ENTROPY] = "there is no source of random numbers, so nothing is sealed",
        [SEAL_UNKNOWN_SUITE] = "the algorithms are not known to this version",
        [SEAL_BAD_PUBLIC_KEY] = "the public key is malformed",
        [SEAL_KEY_FILE_TRUNCATED] = "the public key file ends too early",
        [SEAL_KEY_FILE_WRONG_MAGIC] = "this is not an operator's public key file",
        [SEAL_KEY_FILE_WRONG_VERSION] = "the public key file has a version that is not known",
        [SEAL_KEY_FILE_TRAILING_BYTES] = "the public key file has bytes after its end",
        [SEAL_HEADER_TRUNCATED] = "the header ends too early",
        [SEAL_WRONG_MAGIC] = "this is no sealed data",
        [SEAL_WRONG_VERSION] = "the sealed data have a version that is not known",
        [SEAL_OTHER_SUITE] = "the data are sealed by other algorithms than the key is for",
        [SEAL_OTHER_RECIPIENT] = "the data are sealed to another key",
        [SEAL_ZERO_POINT] = "the header's ephemeral key is invalid (a point of small order)",
        [SEAL_WRONG_CONFIRMATION] = "the header was altered, or the data were sealed for another purpose",
        [SEAL_RECORD_TRUNCATED] = "a record ends too early",
        [SEAL_UNKNOWN_RECORD] = "a record is of a kind that is not known",
        [SEAL_RECORD_TOO_LARGE] = "a record is longer than 16384 bytes",
        [SEAL_EMPTY_RECORD] = "a record is empty and not the last",
        [SEAL_WRONG_TAG] = "a record was altered, repeated, moved, or belongs to other sealed data",
        [SEAL_AFTER_END] = "something follows after the last record",
        [SEAL_NO_END] = "the last record is missing: the end was cut off",
        [SEAL_SESSION_DEAD] = "the session is over after an error",
    };
    return (unsigned int)error < SEAL_ERROR_COUNT && texts[error] != NULL ? texts[error] : "unknown error";
}
