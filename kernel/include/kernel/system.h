/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything there is: made at boot, never grows. */
#pragma once

#include <kernel/cpu.h>
#include <kernel/irq.h>
#include <kernel/thread.h>
#include <skyscope/boot_info.h>

struct kernel_system {
    uint32_t cpu_count, pd_count, thread_count, irq_count, vcpu_count;
    struct cpu *cpus[PLAN_MAX_CPUS];
    struct pd *pds;
    struct thread *threads;
    struct irq *irqs;
    struct vcpu *vcpus;
    struct kernel_statistics *statistics; /* published */
    struct hardware_info *hardware;       /* the kernel's copy, published */
    uint64_t tick_frequency;              /* Hz */
};

extern struct kernel_system kernel_system;
