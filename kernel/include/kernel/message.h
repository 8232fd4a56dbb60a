/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of up to 64 words: the first four in registers, the rest in msg[] of
 * the IPC buffers. Descriptors ("info") are seL4_MessageInfo. */
#pragma once

#include <kernel/thread.h>

#define MESSAGE_MAX_WORDS 64u
#define BADGE_CALL        (1ull << 63)
#define BADGE_FAULT       (1ull << 62)

static inline uint64_t message_info(uint64_t label, uint32_t length)
{
    return label << 12 | length;
}

static inline uint32_t message_length(uint64_t info)
{
    uint32_t length = (uint32_t)info & 0x7f;
    return length < MESSAGE_MAX_WORDS ? length : MESSAGE_MAX_WORDS;
}

static inline uint64_t message_label(uint64_t info)
{
    return info >> 12;
}

/* Copies the words that info announces; returns info as the receiver may see it:
 * length within bounds, nothing but label and length. */
static inline uint64_t message_transfer(struct thread *to, const struct thread *from, uint64_t info)
{
    uint32_t length = message_length(info);

    frame_copy_message_registers(&to->frame, &from->frame, length);
    for (uint32_t i = FRAME_MESSAGE_REGISTERS; i < length; i++) {
        to->message[i] = from->message[i];
    }
    return message_info(message_label(info), length);
}

/* Reads the first `count` (at most 64) words of the message a thread is sending. */
static inline void message_read(const struct thread *from, uint64_t *words, uint32_t count)
{
    uint64_t registers[FRAME_MESSAGE_REGISTERS];

    frame_get_message_registers(&from->frame, registers);
    for (uint32_t i = 0; i < count; i++) {
        words[i] = i < FRAME_MESSAGE_REGISTERS ? registers[i] : from->message[i];
    }
}
