/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual CPUs, as the rest of the kernel sees them: one implementation of this
 * interface per kind of hardware (AMD SVM, Intel VT-x, Arm EL2).
 *
 * A vCPU is entered only by the thread that owns it, on that thread's CPU, and
 * never migrates. Its nested page table is built by the caller and constant.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/kernel_info.h>
#include <skyscope/types.h>
#include <skyscope/vcpu.h>

struct vcpu_hardware; /* the implementation's own */

struct vcpu {
    struct vcpu_page *page; /* the kernel's mapping; the VMM writes to it at any time */
    struct vcpu_statistics *statistics;
    struct vcpu_hardware *hardware;
};

struct vcpu_parameters {
    struct vcpu_page *page;
    struct vcpu_statistics *statistics;
    hpa_t nested_root; /* top-level table of the VM's guest-physical space */
    uint32_t vm;       /* index of the VM in the plan */
    uint32_t id;       /* of the vCPU within the VM */
};

enum vcpu_enter_result {
    VCPU_ENTER_EXIT,        /* page->exit is filled: the VMM must act */
    VCPU_ENTER_INTERRUPTED, /* a host interrupt is pending: take it, then enter again if nothing else is to do */
    VCPU_ENTER_AGAIN,       /* handled inside; may be entered again at once */
};

/* Boot CPU, once, before anything else here: finds out whether this machine can
 * run vCPUs, and says what it found, or why it cannot, in the kernel's log.
 * cpu_count: CPUs that will call vcpu_cpu_init(). Allocates from the pool. */
bool vcpu_platform_init(uint32_t cpu_count);
/* Each CPU, after vcpu_platform_init() returned true: turns virtualisation on.
 * cpu: index of the calling CPU. */
void vcpu_cpu_init(cpu_id_t cpu);
/* enum kernel_feature bits that vCPUs use; 0 before vcpu_platform_init(). */
uint64_t vcpu_features(void);

/* Boot: allocates from the pool and resets the vCPU. False: out of pool. */
bool vcpu_create(struct vcpu *vcpu, const struct vcpu_parameters *parameters);

/* Puts the vCPU into the architecture's reset state and clears its page. Called
 * at creation and whenever the VMM is restarted. */
void vcpu_reset(struct vcpu *vcpu);

/* Runs the guest until something ends that. Interrupts must be disabled, and are
 * on return; they exit from the guest and stay pending.
 *
 * Afterwards the FPU registers are the guest's while the right to use them is as
 * before: a thread that may use the FPU itself needs fpu_switch() before it runs.
 * statistics->guest_ticks has grown by the time spent in the guest. */
enum vcpu_enter_result vcpu_enter(struct vcpu *vcpu);

/* Another PD runs on this CPU now: hides what it could read of a guest's state. */
void vcpu_hide(void);

/* Copies VCPU_STATE_* groups from the vCPU into its page. Unknown bits are ignored. */
void vcpu_read(struct vcpu *vcpu, uint32_t groups);
