/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"

#include <base/memory.h>

#define RECORD_HEADER 16u
/* Smaller rings would not hold a frame of an ordinary MTU. */
#define SIZE_MINIMUM  4096u

void capture_initialise(struct capture *capture, uint64_t region, uint32_t size, uint64_t frequency)
{
    *capture = (struct capture){.frequency = frequency};
    if (region != 0 && region % 8 == 0 && size >= SIZE_MINIMUM) {
        capture->ring = (struct switch_capture *)(uintptr_t)region;
        capture->size = size - (uint32_t)sizeof(struct switch_capture);
    }
}

bool capture_start(struct capture *capture, uint32_t snap_length)
{
    if (capture->ring == NULL) {
        return false;
    }
    uint32_t most = capture->size / 2 < CAPTURE_SNAP_MAX ? capture->size / 2 : CAPTURE_SNAP_MAX;
    capture->snap_length = snap_length == 0 || snap_length > most ? most : snap_length;
    capture->oldest = 0;
    capture->newest = 0;
    *capture->ring = (struct switch_capture){.size = capture->size, .snap_length = capture->snap_length};
    return true;
}

static void write_bytes(struct capture *capture, const uint8_t *bytes, uint32_t length)
{
    while (length > 0) {
        uint32_t position = (uint32_t)(capture->newest % capture->size);
        uint32_t count = capture->size - position < length ? capture->size - position : length;
        memcpy(capture->ring->data + position, bytes, count);
        capture->newest += count;
        bytes += count;
        length -= count;
    }
}

static void write_32(uint8_t *bytes, uint32_t value)
{
    memcpy(bytes, &value, 4);
}

/* The length of the oldest record, which we wrote. */
static uint32_t oldest_record(const struct capture *capture)
{
    uint8_t bytes[4];
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = capture->ring->data[(capture->oldest + 8 + i) % capture->size];
    }
    uint32_t kept;
    memcpy(&kept, bytes, 4);
    return RECORD_HEADER + kept;
}

void capture_add(struct capture *capture, const struct gather *bytes, uint64_t now)
{
    uint32_t kept = bytes->length < capture->snap_length ? bytes->length : capture->snap_length;
    while (capture->newest - capture->oldest + RECORD_HEADER + kept > capture->size) {
        uint32_t record = oldest_record(capture);
        uint64_t held = capture->newest - capture->oldest;
        capture->oldest += record < held ? record : held;
        capture->ring->overwritten++;
    }
    uint8_t header[RECORD_HEADER];
    write_32(header, (uint32_t)(now / capture->frequency));
    write_32(header + 4, (uint32_t)(now % capture->frequency * 1000000u / capture->frequency));
    write_32(header + 8, kept);
    write_32(header + 12, bytes->length);
    write_bytes(capture, header, sizeof(header));
    for (uint32_t i = 0; i < bytes->count && kept > 0; i++) {
        uint32_t count = bytes->pieces[i].length < kept ? bytes->pieces[i].length : kept;
        write_bytes(capture, bytes->pieces[i].data, count);
        kept -= count;
    }
    capture->ring->oldest = capture->oldest;
    capture->ring->newest = capture->newest;
}
