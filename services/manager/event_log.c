/* SPDX-License-Identifier: BSD-2-Clause */
#include "event_log.h"

#include <base/memory.h>
#include <crypto/hash.h>

#define SHA1_SIZE 20u

static bool wrong(struct event_log *log, const char *problem)
{
    log->problem = problem;
    return false;
}

/* The next size bytes, NULL if there are not so many. */
static const uint8_t *take(struct event_log *log, uint32_t size)
{
    if (size > log->size - log->position) {
        log->problem = "it ends within an event";
        return NULL;
    }
    const uint8_t *bytes = log->bytes + log->position;
    log->position += size;
    return bytes;
}

static uint32_t take_u16(struct event_log *log)
{
    const uint8_t *b = take(log, 2);
    return b == NULL ? 0 : (uint32_t)b[0] | (uint32_t)b[1] << 8;
}

static uint32_t take_u32(struct event_log *log)
{
    uint32_t low = take_u16(log);
    return low | take_u16(log) << 16;
}

/* The part of the first event that says how digests are to be read. */
static bool read_specification(struct event_log *log, uint32_t size)
{
    uint32_t start = log->position;
    const uint8_t *signature = take(log, sizeof(EVENT_LOG_SIGNATURE));
    (void)take_u32(log); /* platform class */
    const uint8_t *version = take(log, 4);
    log->algorithm_count = take_u32(log);
    if (signature == NULL || version == NULL || log->problem != NULL) {
        return false;
    }
    if (memcmp(signature, EVENT_LOG_SIGNATURE, sizeof(EVENT_LOG_SIGNATURE)) != 0 || version[1] != 2) {
        return wrong(log, "its first event does not say that it is an event log of version 2");
    }
    if (log->algorithm_count == 0 || log->algorithm_count > EVENT_LOG_MAX_ALGORITHMS) {
        return wrong(log, "it has no hash algorithm, or too many");
    }
    for (uint32_t i = 0; i < log->algorithm_count; i++) {
        log->algorithms[i].id = (uint16_t)take_u16(log);
        log->algorithms[i].size = (uint16_t)take_u16(log);
        for (uint32_t j = 0; j < i; j++) {
            if (log->algorithms[j].id == log->algorithms[i].id) {
                return wrong(log, "it names a hash algorithm twice");
            }
        }
        if (log->problem == NULL && (log->algorithms[i].size == 0 || log->algorithms[i].size > EVENT_LOG_MAX_DIGEST ||
                                     (tpm_hash_size(log->algorithms[i].id) != 0 &&
                                      tpm_hash_size(log->algorithms[i].id) != log->algorithms[i].size))) {
            return wrong(log, "it names a hash algorithm with a wrong size");
        }
    }
    const uint8_t *vendor_size = take(log, 1);
    if (vendor_size == NULL || take(log, *vendor_size) == NULL) {
        return false;
    }
    return log->position - start == size || wrong(log, "its first event has a wrong size");
}

bool event_log_open(struct event_log *log, const void *bytes, uint32_t size)
{
    *log = (struct event_log){.bytes = bytes, .size = size};
    uint32_t pcr = take_u32(log);
    uint32_t type = take_u32(log);
    const uint8_t *digest = take(log, SHA1_SIZE);
    uint32_t event_size = take_u32(log);
    if (log->problem != NULL || digest == NULL) {
        return false;
    }
    if (pcr != 0 || type != EVENT_NO_ACTION) {
        return wrong(log, "its first event does not say what it is");
    }
    return read_specification(log, event_size);
}

static bool read_digest(struct event_log *log, struct event *event)
{
    uint32_t algorithm = take_u16(log);
    for (uint32_t i = 0; i < log->algorithm_count; i++) {
        if (log->algorithms[i].id == algorithm) {
            if (event->digests[i] != NULL) {
                return wrong(log, "an event has two digests of one algorithm");
            }
            event->digests[i] = take(log, log->algorithms[i].size);
            return event->digests[i] != NULL;
        }
    }
    return log->problem == NULL ? wrong(log, "an event has a digest of an algorithm that the log does not name")
                                : false;
}

bool event_log_next(struct event_log *log, struct event *event)
{
    memset(event, 0, sizeof(*event));
    if (log->problem != NULL || log->position == log->size) {
        return false;
    }
    event->pcr = take_u32(log);
    event->type = take_u32(log);
    uint32_t count = take_u32(log);
    if (log->problem == NULL && count > log->algorithm_count) {
        return wrong(log, "an event has more digests than the log has algorithms");
    }
    for (uint32_t i = 0; log->problem == NULL && i < count; i++) {
        if (!read_digest(log, event)) {
            return false;
        }
    }
    event->data_size = take_u32(log);
    event->data = take(log, event->data_size);
    return log->problem == NULL;
}

/* --- Replaying --- */

static void hash(uint32_t algorithm, const void *data, size_t size, uint8_t *digest)
{
    if (algorithm == TPM_HASH_SHA256) {
        hash_sha256(data, size, digest);
    } else if (algorithm == TPM_HASH_SHA384) {
        hash_sha384(data, size, digest);
    } else {
        hash_sha512(data, size, digest);
    }
}

bool event_log_replay(const struct event_log *log, uint32_t pcr, uint32_t algorithm,
                      uint8_t value[EVENT_LOG_MAX_DIGEST])
{
    struct event_log reader;
    struct event event;
    uint8_t pair[2 * EVENT_LOG_MAX_DIGEST];
    uint32_t index = 0;
    uint32_t size = tpm_hash_size(algorithm);
    memset(value, 0, EVENT_LOG_MAX_DIGEST);
    if (algorithm != TPM_HASH_SHA256 && algorithm != TPM_HASH_SHA384 && algorithm != TPM_HASH_SHA512) {
        return false;
    }
    if (!event_log_open(&reader, log->bytes, log->size)) {
        return false;
    }
    while (index < reader.algorithm_count && reader.algorithms[index].id != algorithm) {
        index++;
    }
    if (index == reader.algorithm_count) {
        return false;
    }
    while (event_log_next(&reader, &event)) {
        if (event.pcr == pcr && event.type != EVENT_NO_ACTION && event.digests[index] != NULL) {
            memcpy(pair, value, size);
            memcpy(pair + size, event.digests[index], size);
            hash(algorithm, pair, 2 * size, value);
        }
    }
    return true;
}
