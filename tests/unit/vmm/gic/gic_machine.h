/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs around the GIC's model: each has a simulated virtual CPU interface, which does
 * with the list registers what Arm IHI 0069 says (acknowledge, end, maintenance), and
 * runs or sleeps. What the model kicks is made to look at once.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <skyscope/guest_aarch64.h>

#include <vmm/devices/gic.h>

#define MACHINE_RAM_SIZE (2u << 20)
#define MACHINE_LISTS    4u    /* list registers, but for machine_create_with_lists() */
#define NOTHING          1023u /* INTID: no interrupt */

#define LR_SOURCE(lr)   ((uint32_t)((lr) >> 32) & 7u)
#define LR_END          (1ull << 41)
#define LR_PRIORITY(lr) ((uint32_t)((lr) >> 48) & 0xffu)
#define LR_GROUP1       (1ull << 60)
#define LR_HARDWARE     (1ull << 61)
#define LR_PENDING      (1ull << 62)
#define LR_ACTIVE       (1ull << 63)

struct machine_cpu {
    struct vcpu_gic page;
    bool running;           /* in the guest */
    uint8_t priorities[64]; /* of what was acknowledged and not ended: the last one is the highest */
    uint32_t depth;
    uint32_t end_count;
};

struct machine {
    struct bus bus;
    struct irq_router router;
    struct gic gic;
    struct guest_memory memory;
    struct machine_cpu cpus[VM_MAX_VCPUS];
    uint32_t vcpus, lists;
    uint32_t current; /* GIC_NO_VCPU: no thread of the VMM runs */
    uint32_t kicked;
    uint32_t kicks, maintenance_exits, retries; /* counts */
    bool deaf;                                  /* kicked vCPUs stay in the guest until machine_settle() is called */
    uint8_t ram[MACHINE_RAM_SIZE];
};

/* All vCPUs run, with all priorities and both groups let through. */
void machine_create(struct machine *machine, uint32_t version, uint32_t vcpus, bool its);
void machine_create_with_lists(struct machine *machine, uint32_t version, uint32_t vcpus, bool its, uint32_t lists);

/* Accesses of a vCPU's guest: with the exit, retries and the entry. */
uint64_t machine_read(struct machine *machine, uint32_t vcpu, uint64_t address, uint32_t width);
void machine_write(struct machine *machine, uint32_t vcpu, uint64_t address, uint32_t width, uint64_t value);
void machine_system_register(struct machine *machine, uint32_t vcpu, enum gic_sgi_register which, uint64_t value);
/* By a device, on no vCPU's thread. */
void machine_line(struct machine *machine, uint32_t line, bool level);
/* By a device that a vCPU's guest accesses. */
void machine_line_by(struct machine *machine, uint32_t vcpu, uint32_t line, bool level);
void machine_msi(struct machine *machine, uint32_t device, uint32_t event);
/* The kernel's own way for an SGI: into a free list register of the target, or marked in the one that it is in. False:
 * it may not, or there is none. */
bool machine_kernel_sgi(struct machine *machine, uint32_t source, uint32_t target, uint32_t intid);
/* An exit for another reason. */
void machine_exit(struct machine *machine, uint32_t vcpu);

/* The CPU interface. acknowledge: INTID, on GICv2 with the source in 12:10. */
uint32_t machine_acknowledge(struct machine *machine, uint32_t vcpu);
void machine_end(struct machine *machine, uint32_t vcpu, uint32_t intid);
/* Acknowledges and ends. */
uint32_t machine_take(struct machine *machine, uint32_t vcpu);
/* WFI; true: an interrupt ended it at once. Else the vCPU sleeps until it is woken. */
bool machine_sleep(struct machine *machine, uint32_t vcpu);
/* It runs for a reason that is no interrupt. */
void machine_wake(struct machine *machine, uint32_t vcpu);
/* The list register with this INTID, or 0. */
uint64_t machine_list(const struct machine *machine, uint32_t vcpu, uint32_t intid);

/* What was kicked looks; maintenance interrupts are handled. Fails if they do not end. */
void machine_settle(struct machine *machine);
