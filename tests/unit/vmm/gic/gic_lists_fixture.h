/* SPDX-License-Identifier: BSD-2-Clause */
/* A GIC of either version, and its registers by their offsets. */
#pragma once

#include "gic_machine.h"
#include "gic_registers.h"

#define CTLR_RWP       (1u << 31)
#define EVERYTHING_ON  3u
#define TIMER          GUEST_PPI_VIRTUAL_TIMER
#define TIMER_REGISTER (LR_HARDWARE | (uint64_t)TIMER << 32 | 0x20ull << 48 | TIMER)

static struct machine machine;

static inline uint32_t rd(uint32_t vcpu, uint32_t offset)
{
    return (uint32_t)machine_read(&machine, vcpu, GICD(offset), 4);
}

static inline void wr(uint32_t vcpu, uint32_t offset, uint32_t value)
{
    machine_write(&machine, vcpu, GICD(offset), 4, value);
}

static inline uint64_t private_register(uint32_t vcpu, uint32_t offset)
{
    return machine.gic.config.version == 3 ? PRIVATE(vcpu) + offset : GICD(offset);
}

static inline void prepare(uint32_t intid, uint32_t target, uint8_t priority, bool edge)
{
    uint64_t bank = intid < 32 ? private_register(target, 0) : GICD(intid / 32 * 4);
    machine_write(&machine, target, bank + IGROUPR, 4, machine.gic.config.version == 3 ? 0xffffffff : 0);
    machine_write(&machine, target, bank + ISENABLER, 4, 1u << intid % 32);
    machine_write(&machine, target, (intid < 32 ? bank : GICD(0)) + IPRIORITYR + intid, 1, priority);
    uint64_t configuration = (intid < 32 ? bank : GICD(0)) + ICFGR + intid / 16 * 4;
    uint32_t bit = 2u << intid % 16 * 2;
    uint32_t old = (uint32_t)machine_read(&machine, target, configuration, 4);
    machine_write(&machine, target, configuration, 4, edge ? old | bit : old & ~bit);
    if (intid >= 32 && machine.gic.config.version == 3) {
        machine_write(&machine, target, GICD(IROUTER + 8 * intid), 8, target);
    } else if (intid >= 32) {
        machine_write(&machine, target, GICD(ITARGETSR + intid), 1, 1u << target);
    }
}

static inline void create(uint32_t version)
{
    machine_create(&machine, version, 4, false);
    wr(0, CTLR, EVERYTHING_ON);
}

static inline int setup_v2(void **state)
{
    (void)state;
    create(2);
    return 0;
}

static inline int setup_v3(void **state)
{
    (void)state;
    create(3);
    return 0;
}

#define BOTH(test) cmocka_unit_test_setup(test, setup_v2), cmocka_unit_test_setup(test, setup_v3)
