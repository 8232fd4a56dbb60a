/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of an ITS (Arm IHI 0069, 5.3). */
#pragma once

#include <stdint.h>

struct its_command {
    uint64_t words[4];
};

#define ITS_VALID (1ull << 63)

/* The device's table of events is at this address, a multiple of 256, and has 2^bits entries. */
static inline struct its_command its_map_device(uint32_t device, uint64_t table, unsigned int bits)
{
    return (struct its_command){{0x08 | (uint64_t)device << 32, bits - 1, ITS_VALID | table, 0}};
}

/* Interrupts of the collection go to this redistributor. target: as GITS_TYPER.PTA wants
 * it, in bits 51:16. */
static inline struct its_command its_map_collection(uint32_t collection, uint64_t target)
{
    return (struct its_command){{0x09, 0, ITS_VALID | target | collection, 0}};
}

static inline struct its_command its_map_event(uint32_t device, uint32_t event, uint32_t intid, uint32_t collection)
{
    return (struct its_command){{0x0a | (uint64_t)device << 32, event | (uint64_t)intid << 32, collection, 0}};
}

/* The LPI's entry in the property table has changed. */
static inline struct its_command its_invalidate(uint32_t device, uint32_t event)
{
    return (struct its_command){{0x0c | (uint64_t)device << 32, event, 0, 0}};
}

/* All before is in force at this redistributor. */
static inline struct its_command its_synchronise(uint64_t target)
{
    return (struct its_command){{0x05, 0, target, 0}};
}
