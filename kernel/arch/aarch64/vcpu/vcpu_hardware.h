/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of this directory share.
 *
 * A vCPU's registers are in one of three places. "Loaded": all in the CPU, the guest
 * could run. "Resident": those that would show at EL0 were put away (unloaded), the
 * others are in the CPU. Else: all in struct vcpu_hardware.
 */
#pragma once

#include <arch/cpu.h>
#include <arch/fpu.h>
#include <arch/percpu.h>
#include <arch/vcpu_host.h>
#include <kernel/vcpu.h>

#include "decode.h"
#include "registers.h"

struct vcpu_hardware;

/* Per CPU. */
struct vcpu_cpu {
    struct vcpu_hardware *current;                  /* resident, or NULL */
    uint32_t interface_control;                     /* what ICH_HCR_EL2 or GICH_HCR holds */
    bool walks_early;                               /* vcpu_walks_early() */
    struct vcpu_hardware *last_of_vm[PLAN_MAX_VMS]; /* whose stage 1 translations the TLB has */
};

#define VCPU_NO_LIST 0xffu

/* The virtual interrupt interface, and the timer's interrupt in it. */
struct vcpu_interface {
    uint64_t list[VCPU_GIC_LISTS]; /* list registers as the hardware has them, in the neutral layout */
    uint32_t used;                 /* bit per list register with a state */
    uint32_t own_control;          /* maintenance that the kernel asks for itself */
    uint32_t end_count;            /* ICH_HCR_EL2.EOIcount in its place, while unloaded */
    /* The timer's physical interrupt is active, on this vCPU's behalf; the guest's end of interrupt, by list
     * register timer_list, deactivates it. */
    bool timer_active;
    bool timer_told; /* the VMM has been told by VCPU_EXIT_TIMER */
    uint8_t timer_list;
    /* GICv2: any CPU: which vCPUs sent an SGI that is pending in private_pending. */
    uint8_t sgi_sources[16];
    /* While not resident. */
    uint32_t vmcr;
    uint32_t active_priorities[2][4]; /* of group 0, 1; GICv2: [1][0] */
};

struct vcpu_timer {
    bool stopped; /* the timer is off, its registers are here */
    uint32_t control;
    uint64_t compare;
    uint64_t offset;
};

struct vcpu_hardware {
    uint64_t hcr, vttbr;
    struct fpu_state *fpu;
    struct vcpu_cpu *cpu; /* where it runs; before its first entry platform.c's `nowhere`, which is no CPU's */
    struct vcpu_interface interface;
    struct vcpu_timer timer;
    struct vcpu_registers registers; /* as far as they are not in the CPU */
    uint64_t vmpidr, vpidr;          /* vmpidr: read by any CPU */
    uint64_t actlr;                  /* what the VMM gave: guests' accesses trap */
    /* Any CPU reads: it is in the guest, or will look at private_pending before it is. */
    uint32_t running;
    uint32_t vm, id;
    struct vcpu *vcpu;
    struct vcpu_hardware *next_of_vm;
};

/* Found by the boot CPU, constant afterwards. */
struct vcpu_platform {
    struct vcpu_cpu *cpus; /* [cpu_count]; NULL: no vCPUs */
    uint32_t cpu_count;
    uint64_t features; /* enum kernel_feature */
    uint32_t gic_version;
    uint32_t list_count;
    uint32_t active_priority_words; /* GICv3: ICH_AP0R<n>_EL2, n below this */
    volatile uint32_t *gich;        /* GICv2 */
    uint32_t timer_intid, maintenance_intid;
    bool aarch32_el0;
    uint64_t mdcr;
    uint64_t id_registers[VCPU_ID_REGISTERS];
    struct vcpu_hardware *vms[PLAN_MAX_VMS]; /* each VM's vCPUs, by next_of_vm */
};
extern struct vcpu_platform vcpu_platform;

/* ICC_SRE_EL1 as guests see it: SRE, DFB, DIB. */
#define ICC_SRE_ALL 7u

/* Reasons for which the guest was left. */
enum vcpu_vector { VCPU_VECTOR_SYNCHRONOUS = 0, VCPU_VECTOR_INTERRUPT = 1, VCPU_VECTOR_SERROR = 2 };

/* run.S: loads X0..X30 from gpr, runs the guest at pc with pstate until it exits, and stores X0..X30, pc and
 * pstate (which follow) there again. */
enum vcpu_vector vcpu_run(uint64_t gpr[VCPU_GPR_COUNT], uint64_t pc, uint64_t pstate);

/* switch.c */
void vcpu_make_resident(struct vcpu *vcpu, struct percpu *percpu);
void vcpu_load(struct vcpu_hardware *hardware, struct percpu *percpu);
/* Its registers are all in struct vcpu_hardware afterwards, its timer's interrupt is not active. */
void vcpu_evict(struct vcpu_cpu *cpu);

/* state.c: copies the groups named from the page and checks them. */
void vcpu_write_state(struct vcpu *vcpu, uint32_t groups);
void vcpu_reset_state(struct vcpu *vcpu);
static inline bool vcpu_is_resident(const struct vcpu_hardware *hardware)
{
    return hardware->cpu->current == hardware;
}
static inline bool vcpu_is_loaded(const struct vcpu_hardware *hardware)
{
    return vcpu_is_resident(hardware) && current_percpu()->guest_loaded;
}

/* interface.c: list registers and maintenance */
/* Brings list registers and control up to date before an entry: what the VMM wrote, SGIs, the timer. False: the
 * VMM must act first, by an exit of kind TIMER. */
bool vcpu_interface_enter(struct vcpu_hardware *hardware, struct vcpu_gic *page);
/* After the guest ran: reads the states of the list registers in use. */
void vcpu_interface_read_lists(struct vcpu_hardware *hardware, struct vcpu_gic *page);
/* What the VMM reads at an exit to it. */
void vcpu_interface_publish(struct vcpu_hardware *hardware, struct vcpu_gic *page);
/* After an interrupt ended the run. True: it was maintenance that the VMM asked for. */
bool vcpu_interface_maintenance(struct vcpu_hardware *hardware, struct vcpu_page *page);
void vcpu_interface_load(struct vcpu_hardware *hardware);
void vcpu_interface_unload(struct vcpu_hardware *hardware);
void vcpu_interface_make_resident(struct vcpu_hardware *hardware);
void vcpu_interface_evict(struct vcpu_hardware *hardware);
void vcpu_interface_reset(struct vcpu_hardware *hardware);
/* As after power-on: priority mask, binary points, groups' enables, active priorities. List registers stay. */
void vcpu_interface_clear(struct vcpu_hardware *hardware, struct vcpu_gic *page);
/* The list register holds this now, which has a state. */
void vcpu_interface_set_list(struct vcpu_hardware *hardware, struct vcpu_gic *page, uint32_t index, uint64_t value);
/* The same, for an interrupt that the kernel makes pending by itself. */
void vcpu_interface_pend(struct vcpu_hardware *hardware, struct vcpu_gic *page, uint32_t index, uint64_t value);
/* Index of the list register with a state that has this INTID (and, on GICv2, source), or of a free one
 * (intid UINT32_MAX); VCPU_NO_LIST: none. */
uint32_t vcpu_interface_find(const struct vcpu_hardware *hardware, uint32_t intid, uint32_t source);

/* timer.c */
void vcpu_timer_start(struct vcpu_hardware *hardware);
void vcpu_timer_stop(struct vcpu_hardware *hardware);
/* The timer asserts its interrupt. */
bool vcpu_timer_asserted(const struct vcpu_hardware *hardware);
/* The physical interrupt is active and in no list register. False: the VMM must be told. */
bool vcpu_timer_deliver(struct vcpu_hardware *hardware, struct vcpu_gic *page);
/* The list register that had the timer's interrupt has it no longer. */
void vcpu_timer_ended(struct vcpu_hardware *hardware, bool by_guest);

/* sgi.c */
/* True: sent. False: the VMM must do it. */
bool vcpu_sgi_send(struct vcpu_hardware *sender, const struct vcpu_sgi *sgi);
/* Moves pending private interrupts to list registers. */
void vcpu_sgi_deliver(struct vcpu_hardware *hardware, struct vcpu_gic *page);

/* exit.c */
enum vcpu_enter_result vcpu_handle_exit(struct vcpu *vcpu, enum vcpu_vector vector);
enum vcpu_enter_result vcpu_exit_to_vmm(struct vcpu *vcpu, enum vcpu_exit_kind kind);

/* The vCPU page is shared with a VMM that may write to it at any time. */
#define READ_ONCE(object) __atomic_load_n(&(object), __ATOMIC_RELAXED)
