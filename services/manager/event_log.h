/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the measured boot's event log (<skyscope/event_log.h>). The log is data:
 * whatever is in it, nothing outside it is read. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/event_log.h>

struct event_log {
    const uint8_t *bytes;
    uint32_t size, position;
    uint32_t algorithm_count;
    struct {
        uint16_t id, size; /* size: bytes of a digest */
    } algorithms[EVENT_LOG_MAX_ALGORITHMS];
    const char *problem; /* in English, if the log is wrong */
};

struct event {
    uint32_t pcr, type;                               /* type: enum event_type, or another */
    const uint8_t *digests[EVENT_LOG_MAX_ALGORITHMS]; /* in the order of log->algorithms; NULL: none */
    const uint8_t *data;
    uint32_t data_size; /* bytes */
};

/* Reads the first event. False and log->problem. */
bool event_log_open(struct event_log *log, const void *bytes, uint32_t size);
/* Reads the next event. False at the end and, with log->problem, if it is wrong. */
bool event_log_next(struct event_log *log, struct event *event);

/* The value that the log's events lead a PCR to, from zeros. Reads the log from
 * its first event to the last that is right. False if the log does not have the
 * algorithm or it is none of SHA-256, SHA-384 and SHA-512. */
bool event_log_replay(const struct event_log *log, uint32_t pcr, uint32_t algorithm,
                      uint8_t value[EVENT_LOG_MAX_DIGEST]);
