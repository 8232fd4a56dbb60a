/* SPDX-License-Identifier: BSD-2-Clause */
/* A small valid plan and a machine for it, for tests to spoil. */
#pragma once

#include <kernel/plan_check.h>

enum { FAKE_REGION_CODE, FAKE_REGION_DATA, FAKE_REGION_UART, FAKE_REGION_STATISTICS, FAKE_REGION_RAM, FAKE_REGIONS };
enum { FAKE_PD_CLIENT, FAKE_PD_SERVER, FAKE_PD_VMM, FAKE_PDS };
enum { FAKE_THREADS = 4, FAKE_MAPS = 8, FAKE_ENDS = 4, FAKE_IRQS = 2, FAKE_IOPORTS = 1, FAKE_EXTENTS = 4 };

struct fake_plan {
    struct plan_header header;
    struct plan_region regions[FAKE_REGIONS];
    struct plan_space spaces[FAKE_PDS + 1];
    struct plan_map maps[FAKE_MAPS];
    struct plan_pd pds[FAKE_PDS];
    struct plan_thread threads[FAKE_THREADS];
    struct plan_channel_end ends[FAKE_ENDS];
    struct plan_irq irqs[FAKE_IRQS];
    struct plan_ioport ioports[FAKE_IOPORTS];
    struct plan_vm vms[1];
    struct plan_vcpu vcpus[1];
    uint64_t end;
};

struct fake_machine {
    struct plan_machine machine;
    struct region_extent extents[FAKE_EXTENTS];
    struct hardware_info hardware;
};

/* The architecture's part of each, in plan_ARCH.c. */
void fake_plan_arch_init(struct fake_plan *plan);
void fake_machine_arch_init(struct hardware_arch *hardware);

void fake_plan_init(struct fake_plan *plan);
void fake_machine_init(struct fake_machine *machine);
