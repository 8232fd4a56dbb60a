/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest with tables, a device and a command queue for the ITS. */
#pragma once

#include "gic_machine.h"
#include "gic_registers.h"

#include <string.h>

#define VCPUS 3u

#define ITS(offset)  (GUEST_ITS_BASE + (offset))
#define GITS_CTLR    0x000
#define GITS_TYPER   0x008
#define GITS_CBASER  0x080
#define GITS_CWRITER 0x088
#define GITS_CREADR  0x090
#define GITS_BASER   0x100
#define VALID        (1ull << 63)
#define STALLED      1ull
#define OUTSIDE_RAM  (GUEST_RAM_BASE + MACHINE_RAM_SIZE)

/* Places in RAM. */
#define CONFIGURATION 0x10000u
#define PENDING(vcpu) (0x20000u + (vcpu)*0x10000u)
#define DEVICES       0x80000u
#define QUEUE         0x90000u
#define QUEUE_SIZE    0x10000u
#define EVENTS(n)     (0xa0000u + (n)*0x1000u)

enum {
    MOVI = 1,
    INT = 3,
    CLEAR = 4,
    SYNC = 5,
    MAPD = 8,
    MAPC = 9,
    MAPTI = 10,
    MAPI = 11,
    INV = 12,
    INVALL = 13,
    MOVALL = 14,
    DISCARD = 15,
};

static struct machine machine;

static inline uint64_t rd(uint64_t address)
{
    return machine_read(&machine, 0, address, 8);
}

static inline void wr(uint64_t address, uint64_t value)
{
    machine_write(&machine, 0, address, 8, value);
}

static inline void wr32(uint64_t address, uint32_t value)
{
    machine_write(&machine, 0, address, 4, value);
}

static inline void command(uint32_t kind, uint32_t device, uint32_t event, uint32_t intid, uint64_t word2,
                           uint64_t word3)
{
    uint64_t words[4] = {kind | (uint64_t)device << 32, (uint64_t)intid << 32 | event, word2, word3};
    uint64_t at = rd(ITS(GITS_CWRITER));
    memcpy(&machine.ram[QUEUE + at], words, sizeof(words));
    wr(ITS(GITS_CWRITER), (at + 32) % QUEUE_SIZE);
    assert_true(rd(ITS(GITS_CREADR)) == (at + 32) % QUEUE_SIZE);
}

static inline void map_device(uint32_t device, uint32_t table, uint32_t event_bits)
{
    command(MAPD, device, event_bits - 1, 0, VALID | (GUEST_RAM_BASE + table), 0);
}

static inline void map_collection(uint32_t collection, uint32_t vcpu)
{
    command(MAPC, 0, 0, 0, VALID | (uint64_t)vcpu << 16 | collection, 0);
}

static inline void configure(uint32_t intid, uint8_t priority, bool enabled)
{
    machine.ram[CONFIGURATION + intid - GIC_FIRST_LPI] = priority | (enabled ? 1 : 0);
}

static inline uint64_t errors(void)
{
    return machine.gic.errors.total;
}

static inline void tables(void)
{
    wr32(GICD(0), 2);
    for (uint32_t i = 0; i < VCPUS; i++) {
        wr(GICR(i) + GICR_PROPBASER, (GUEST_RAM_BASE + CONFIGURATION) | 13);
        wr(GICR(i) + GICR_PENDBASER, (GUEST_RAM_BASE + PENDING(i)) | 1ull << 62);
        wr32(GICR(i), 1);
    }
    wr(ITS(GITS_CBASER), VALID | (GUEST_RAM_BASE + QUEUE) | (QUEUE_SIZE / 0x1000 - 1));
    wr(ITS(GITS_BASER), VALID | (GUEST_RAM_BASE + DEVICES) | 7); /* 8 pages of 4 KiB: 4096 devices */
    wr32(ITS(GITS_CTLR), 1);
}

static inline int setup(void **state)
{
    (void)state;
    machine_create(&machine, 3, VCPUS, true);
    tables();
    for (uint32_t i = 0; i < VCPUS; i++) {
        map_collection(i, i);
    }
    return 0;
}

/* Device 8 with 32 events; event n is LPI 8192 + n of vCPU 1, enabled at priority 0xa0. */
static inline int setup_device(void **state)
{
    setup(state);
    map_device(8, EVENTS(0), 5);
    for (uint32_t i = 0; i < 32; i++) {
        configure(GIC_FIRST_LPI + i, 0xa0, true);
        command(MAPTI, 8, i, GIC_FIRST_LPI + i, 1, 0);
    }
    command(SYNC, 0, 0, 0, 1 << 16, 0);
    assert_int_equal(errors(), 0);
    return 0;
}
