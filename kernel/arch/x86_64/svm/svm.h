/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this directory share. */
#pragma once

#include <arch/cpu.h>
#include <arch/fpu.h>
#include <arch/msr.h>
#include <kernel/vcpu.h>

#include "check.h"
#include "vmcb.h"

struct vcpu_hardware;

/* Per CPU: whose values the registers hold that VMRUN does not switch. */
struct svm_cpu {
    struct vcpu_hardware *current;     /* entered last: its TSC_AUX; its ASID's translations are its own */
    struct vcpu_hardware *debug_owner; /* its DR0..DR3, or NULL */
    uint64_t tsc_aux;                  /* what MSR_TSC_AUX holds */
};

enum svm_attention {
    /* An NMI was delivered and its IRET has not run: IRET is intercepted. */
    SVM_NMI_BLOCKED = 1u << 0,
    /* One instruction is being stepped over. */
    SVM_STEPPING = 1u << 1,
    /* RFLAGS.TF was the guest's own when stepping began. */
    SVM_STEP_WAS_TRACED = 1u << 2,
    /* Its debug registers are armed and must be loaded before it runs. */
    SVM_DEBUG_WANTED = 1u << 3,
    /* The step ends in the NMI window. */
    SVM_STEP_TO_NMI = 1u << 4,
    /* The step ends an interrupt shadow: until then the interrupt window stays shut. */
    SVM_STEP_SHADOW = 1u << 5,
};

/* vcpu_hardware.shadow_rip: none. */
#define SVM_NO_SHADOW UINT64_MAX

struct vcpu_hardware {
    struct vmcb *vmcb;
    hpa_t vmcb_address;
    hpa_t host_address;  /* VMSAVE area for the host's state while the guest runs */
    struct svm_cpu *cpu; /* where it runs; before its first entry platform.c's `nowhere`, which is no CPU's */
    struct fpu_state *fpu;
    uint32_t attention;      /* enum svm_attention */
    uint32_t invalid_groups; /* VCPU_STATE_* groups whose last values cannot be run */
    uint32_t intercepts;     /* enum vcpu_intercepts */
    uint32_t window;         /* control.interrupt_window that the VMCB reflects */
    uint64_t hidden_flags;   /* RFLAGS.TF while it is ours (window.c) and nobody else's business */
    uint64_t shadow_rip;     /* RIP at a host interrupt in an interrupt shadow not known to be over, or SVM_NO_SHADOW */
    uint64_t spec_ctrl;      /* the guest's, where the processor does not switch it */
    uint64_t tsc_aux;
    uint64_t dr[4]; /* valid while it is not debug_owner */
};

/* Found by the boot CPU, constant afterwards. */
struct svm_platform {
    struct svm_cpu *cpus; /* [cpu_count] */
    uint8_t *host_save;   /* VM_HSAVE_PA pages, [cpu_count][4096] */
    uint32_t cpu_count;
    uint64_t features;   /* enum kernel_feature */
    uint32_t asid_count; /* usable: 1..asid_count */
    bool asids_shared;   /* there are more vCPUs than identifiers */
    hpa_t iopm, msrpm;
    bool next_rip, decode_assists, flush_by_asid, virtual_spec_ctrl;
    bool has_tsc_aux, has_spec_ctrl;
    /* QEMU's TCG (7.2), when it has delivered an interrupt that VMRUN was to inject,
     * leaves the vector where it looks for exceptions. If another of its threads stops
     * the CPU before the next exit, or its count of instructions ends, it delivers the
     * vector again, whatever the guest does and RFLAGS.IF says. Interrupts are requested
     * of it instead (svm_request_interrupt()). */
    bool injects_twice;
    uint32_t flush; /* TLB_CONTROL_* that flushes at least one ASID */
    uint32_t intercept5;
    struct svm_limits limits;
};
extern struct svm_platform svm_platform;

/* 1: run.S overwrites the return predictor after each exit. */
extern uint8_t svm_fill_return_buffer;

/* run.S: saves the host's state, loads gpr[] (but for RAX and RSP) and runs the
 * guest until it exits; gpr[] then has its registers. Interrupts must be off. */
void svm_run(uint64_t gpr[VCPU_GPR_COUNT], uint64_t vmcb_address, uint64_t host_address);

/* state.c: copies the groups named from the page and checks them; those that
 * fail are remembered in invalid_groups. */
void svm_write_state(struct vcpu *vcpu, uint32_t groups);
void svm_reset_state(struct vcpu *vcpu);
void svm_set_intercepts(struct vcpu_hardware *hardware, uint32_t intercepts);

/* debug.c */
void svm_debug_load(struct vcpu_hardware *hardware);
/* DR0..DR3 as the guest has them. */
void svm_debug_read(const struct vcpu_hardware *hardware, uint64_t dr[4]);
void svm_debug_write(struct vcpu_hardware *hardware, const uint64_t dr[4]);
void svm_debug_forget(struct vcpu_hardware *hardware);

/* window.c */
void svm_update_windows(struct vcpu_hardware *hardware, uint32_t interrupt_window, bool nmi_window);
/* The next entry delivers an NMI; or it did not, after all. */
void svm_nmi_delivered(struct vcpu_hardware *hardware);
void svm_nmi_undelivered(struct vcpu_hardware *hardware);
void svm_handle_iret(struct vcpu_hardware *hardware);
/* Whether this #DB was the end of a step of ours, and the guest must not see it. */
bool svm_handle_step(struct vcpu_hardware *hardware);
/* Ends a step before its time, so that what is delivered now does not save our flag
 * in the guest's memory. */
void svm_cancel_step(struct vcpu_hardware *hardware);
/* The next entry delivers this interrupt by a request that is not intercepted. No
 * window is armed at this entry: the VMM's wish waits for the next. */
void svm_request_interrupt(struct vcpu_hardware *hardware, uint32_t vector);
/* Takes the request back at the exit. False: the guest has not seen the interrupt. */
bool svm_interrupt_taken(struct vcpu_hardware *hardware);
/* Steps over the instruction in an interrupt shadow that the processor has forgotten. */
void svm_step_shadow(struct vcpu_hardware *hardware);

/* exit.c */
enum vcpu_enter_result svm_handle_exit(struct vcpu *vcpu);
enum vcpu_enter_result svm_exit_to_vmm(struct vcpu *vcpu, enum vcpu_exit_kind kind);
