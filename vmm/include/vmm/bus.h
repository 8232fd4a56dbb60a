/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address decoding: which device answers at a guest-physical address or an I/O
 * port. A device registers ranges; an access finds its range by binary search.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BUS_MAX_RANGES 128u

struct bus_ops {
    /* offset: from the start of the range, offset + width within it. width: 1, 2,
     * 4 or 8 bytes. Unused upper bits of values are zero. */
    uint64_t (*read)(void *device, uint64_t offset, uint32_t width);
    void (*write)(void *device, uint64_t offset, uint32_t width, uint64_t value);
};

struct bus_range {
    uint64_t base;
    uint64_t size; /* bytes or ports */
    const struct bus_ops *ops;
    void *device;
    const char *name;
};

struct bus {
    struct bus_range ranges[BUS_MAX_RANGES]; /* ascending base, disjoint */
    uint32_t count;
    uint32_t last; /* range of the last hit: accesses cluster */
};

/* 0; -1 if the table is full, the range is empty, wraps or overlaps another. */
int bus_register(struct bus *bus, uint64_t base, uint64_t size, const struct bus_ops *ops, void *device,
                 const char *name);
/* 0; -1 if no such range. */
int bus_unregister(struct bus *bus, uint64_t base);
/* False if no device answers: *value is then all ones (reads) and the write is
 * lost, as on a real bus. An access that crosses the end of a range does not hit. */
bool bus_read(struct bus *bus, uint64_t address, uint32_t width, uint64_t *value);
bool bus_write(struct bus *bus, uint64_t address, uint32_t width, uint64_t value);
