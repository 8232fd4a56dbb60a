/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables, commands and events of an SMMUv3 (Arm IHI 0070, chapters 3.3, 4, 5 and 7). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SMMU_SPLIT          8u /* bits of a stream id that index the second level */
#define SMMU_STREAM_BITS    16u
#define SMMU_SECOND_STREAMS (1u << SMMU_SPLIT)
#define SMMU_FIRST_ENTRIES  (1u << (SMMU_STREAM_BITS - SMMU_SPLIT))
#define SMMU_STREAM_ADDRESS 0x000fffffffffffc0ull

/* Stream table entry. */
struct smmu_stream {
    uint64_t words[8];
};
#define SMMU_STREAM_VALID     1ull
#define SMMU_STREAM_ABORT     (0ull << 1)
#define SMMU_STREAM_BYPASS    (4ull << 1)
#define SMMU_STREAM_SHAREABLE (1ull << 44) /* word 1: as the device says */

#define SMMU_STREAM_STAGE2 (6ull << 1)

/* Accesses go through this stage-2 table of 39 bits that starts at level 1 (the format of
 * <arch/page_table.h>). range: of physical addresses, as VTCR_EL2.PS. Refused ones are
 * recorded; all of walks is write-back, inner shareable. */
static inline struct smmu_stream smmu_stage2_stream(uint64_t root, uint32_t vmid, uint64_t range)
{
    const uint64_t walk = 25ull << 32 | 1ull << 38 | 1ull << 40 | 1ull << 42 | 3ull << 44;
    const uint64_t aarch64 = 1ull << 51;
    const uint64_t no_access_flag_faults = 1ull << 53;
    const uint64_t record = 1ull << 58;

    return (struct smmu_stream){{SMMU_STREAM_VALID | SMMU_STREAM_STAGE2, SMMU_STREAM_SHAREABLE,
                                 vmid | walk | range << 48 | aarch64 | no_access_flag_faults | record, root}};
}
static inline struct smmu_stream smmu_bypass_stream(void)
{
    return (struct smmu_stream){{SMMU_STREAM_VALID | SMMU_STREAM_BYPASS, SMMU_STREAM_SHAREABLE}};
}

/* First-level entry of a table of SMMU_SECOND_STREAMS entries. */
static inline uint64_t smmu_first_entry(uint64_t table)
{
    return table | (SMMU_SPLIT + 1);
}

struct smmu_command {
    uint64_t words[2];
};

static inline struct smmu_command smmu_forget_stream(uint32_t stream)
{
    return (struct smmu_command){{0x03 | (uint64_t)stream << 32, 1}};
}
static inline struct smmu_command smmu_forget_all_streams(void)
{
    return (struct smmu_command){{0x04, 31}};
}
static inline struct smmu_command smmu_forget_el2_translations(void)
{
    return (struct smmu_command){{0x20, 0}};
}
static inline struct smmu_command smmu_forget_translations(void)
{
    return (struct smmu_command){{0x30, 0}};
}
static inline struct smmu_command smmu_synchronise(void)
{
    return (struct smmu_command){{0x46, 0}};
}

struct smmu_event {
    uint64_t words[4];
};
static inline uint32_t smmu_event_kind(const struct smmu_event *event)
{
    return (uint32_t)event->words[0] & 0xff;
}
static inline uint32_t smmu_event_stream(const struct smmu_event *event)
{
    return (uint32_t)(event->words[0] >> 32);
}
static inline uint64_t smmu_event_address(const struct smmu_event *event)
{
    return event->words[2];
}

/* Queues have 2^bits entries; indexes have one bit more, which tells full from empty. */
static inline bool smmu_queue_empty(uint32_t producer, uint32_t consumer, unsigned int bits)
{
    uint32_t mask = (2u << bits) - 1;
    return ((producer ^ consumer) & mask) == 0;
}
static inline uint32_t smmu_queue_next(uint32_t index, unsigned int bits)
{
    return (index + 1) & ((2u << bits) - 1);
}
