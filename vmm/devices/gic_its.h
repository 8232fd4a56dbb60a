/* SPDX-License-Identifier: BSD-2-Clause */
/* The ITS's tables and its command queue. */
#pragma once

#include "gic_internal.h"

#define ITS_ENTRY_BYTES 8u

/* An entry of the device table: bit 63 valid, the translation table's address, and how many bits an event has, less
 * one. An entry of a translation table: bit 63 valid, collection 47:32, INTID 15:0. The formats are our own. */
#define ITS_VALID          (1ull << 63)
#define ITS_DEVICE_ADDRESS 0x000fffffffffff00ull
#define ITS_DEVICE_SIZE    0x1full

#define ITS_COMMAND_BYTES  32u
#define ITS_COMMAND_OFFSET 0xfffe0ull /* in GITS_CWRITER and GITS_CREADR */
#define ITS_STALLED        1ull       /* GITS_CREADR */

/* Bytes of the command queue; 0: there is none. */
static inline uint64_t its_queue_size(const struct gic *gic)
{
    return (gic->its.command_base & ITS_VALID) != 0 ? ((gic->its.command_base & 0xffu) + 1u) * 0x1000u : 0;
}

struct its_translation {
    gpa_t entry; /* where it lies */
    uint32_t lpi;
    uint32_t collection; /* below GIC_ITS_COLLECTIONS */
};

/* Where a device's entry lies; false: past the table. */
bool its_device_entry(const struct gic *gic, uint32_t device, gpa_t *entry);
/* Where an event's entry lies; false: the device is not mapped or has not so many. */
bool its_event_entry(const struct gic *gic, uint32_t device, uint32_t event, gpa_t *entry);
/* False: not mapped. */
bool its_translate(const struct gic *gic, uint32_t device, uint32_t event, struct its_translation *translation);
