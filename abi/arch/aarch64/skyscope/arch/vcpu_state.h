/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest state of an AArch64 vCPU, as the VMM sees it (see <skyscope/vcpu.h>).
 *
 * gpr, pc and pstate are live: right at every exit, and taken at every entry
 * without any dirty bit. So is gic. The other groups are copied when asked for.
 *
 * At an exit pc is ELR_EL2: the instruction that exited, but for HVC, where it is the
 * one after it. (SMC: the SMC itself.)
 *
 * Exceptions are injected by writing the guest's EL1 registers, pc and pstate;
 * struct vcpu_control's event and windows are not used. A VCPU_EXIT_INTERRUPT_WINDOW
 * is the virtual interface's maintenance interrupt: a condition that gic.control
 * enables has come true (gic.maintenance says which).
 */
#pragma once

#include <stdint.h>

enum vcpu_state_group {
    VCPU_STATE_EL1 = 1u << 0,       /* sp_el0 .. par_el1 */
    VCPU_STATE_TIMER = 1u << 1,     /* cntv_*, cntvoff */
    VCPU_STATE_IDENTITY = 1u << 2,  /* vmpidr, vpidr */
    VCPU_STATE_FPU = 1u << 3,       /* reset the FPU state to its initial value (dirty only) */
    VCPU_STATE_TRAPS = 1u << 4,     /* traps below (dirty only) */
    VCPU_STATE_DEBUG = 1u << 5,     /* mdscr_el1 and the breakpoint registers' loss: see traps */
    VCPU_STATE_INTERFACE = 1u << 6, /* reset the interrupt interface's vmcr and active priorities (dirty only) */
    VCPU_STATE_ALL = 0x7f,
};

#define VCPU_GPR_COUNT 31u /* X0..X30 */

enum vcpu_traps {
    VCPU_TRAP_WFI = 1u << 0,        /* set at reset: HALT */
    VCPU_TRAP_WFE = 1u << 1,        /* PAUSE */
    VCPU_TRAP_CACHE_SETS = 1u << 2, /* set at reset: DC ISW, CSW, CISW: SYSTEM_REGISTER */
};

#define VCPU_GIC_LISTS 16u

/* gic.control: which conditions raise a maintenance interrupt (ICH_HCR_EL2's bits). */
enum vcpu_gic_control {
    VCPU_GIC_UNDERFLOW = 1u << 1,         /* UIE: none or one list register is in use */
    VCPU_GIC_ENTRY_NOT_PRESENT = 1u << 2, /* LRENPIE: an EOI for which there was no list register */
    VCPU_GIC_NO_PENDING = 1u << 3,        /* NPIE */
};

/*
 * The virtual interrupt interface. List registers have GICv3's layout (Arm IHI 0069,
 * ICH_LR<n>_EL2) on GICv2 as well, where the kernel converts: bits 31:0 INTID, 41
 * end-of-interrupt maintenance, 44:32 physical INTID (HW), 55:48 priority, 60 group
 * 1, 61 HW, 63:62 state (1 pending, 2 active). On GICv2 an SGI's source CPU is in
 * bits 34:32. The kernel refuses (clears) HW in what the VMM writes, but for the
 * virtual timer's.
 *
 * Three interrupts need no VMM: the kernel itself puts SGIs sent between the VM's
 * vCPUs (ICC_SGI1R_EL1, or GICD_SGIR where the VMM gave its address) and the virtual
 * timer into free list registers, if private_enabled allows it; otherwise an SGI is an
 * exit (SYSTEM_REGISTER or MEMORY), and the timer's an exit of kind TIMER.
 */
struct vcpu_gic {
    uint64_t list[VCPU_GIC_LISTS];
    uint32_t list_count;              /* how many there are: 4 on most CPUs. Set by the kernel */
    uint32_t version;                 /* of the host's GIC: 2 or 3. Set by the kernel */
    uint32_t control;                 /* enum vcpu_gic_control */
    uint32_t maintenance;             /* ICH_MISR_EL2, or GICH_MISR, at the last such exit */
    uint32_t end_of_interrupt_status; /* ICH_EISR_EL2 at the last such exit */
    uint32_t vmcr;                    /* ICH_VMCR_EL2's layout (GICv3) or GICH_VMCR's: at each exit */
    uint32_t active_priorities;       /* ICH_AP1R0_EL2 or GICH_APR: at each exit */
    /* SGIs and PPIs, bit per INTID 0..31, that the kernel may deliver by itself:
     * enabled, in group 1, distributor on. Written by the VMM at any time. */
    uint32_t private_enabled;
    uint8_t private_priority[32];
    /* Bit per INTID: delivered by the kernel to this vCPU, but not in a list register
     * yet. Any CPU sets bits atomically; the VMM may clear them (ICPENDR). */
    uint32_t private_pending;
    /* Bit per INTID: those that this kernel is able to deliver by itself. Set by the
     * kernel; the VMM enables no others in private_enabled. 0 on seL4. */
    uint32_t kernel_private;
    /* GICv2 guests: guest-physical address of the emulated distributor, so that writes
     * of GICD_SGIR are the kernel's; 0: none. */
    uint64_t distributor;
};

struct vcpu_arch_state {
    uint64_t gpr[VCPU_GPR_COUNT];
    uint64_t pc;
    uint64_t pstate; /* SPSR_EL2's layout; never a mode above EL1 */
    struct vcpu_gic gic;
    /* VCPU_STATE_EL1 */
    uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
    uint64_t sctlr_el1, actlr_el1, cpacr_el1;
    uint64_t ttbr0_el1, ttbr1_el1, tcr_el1, mair_el1, amair_el1;
    uint64_t vbar_el1, esr_el1, far_el1, afsr0_el1, afsr1_el1;
    uint64_t contextidr_el1, tpidr_el0, tpidrro_el0, tpidr_el1;
    uint64_t cntkctl_el1, csselr_el1, par_el1;
    /* VCPU_STATE_TIMER */
    uint64_t cntv_ctl, cntv_cval;
    uint64_t cntvoff; /* guest's CNTVCT = host clock (CNTPCT) - cntvoff */
    /* VCPU_STATE_IDENTITY */
    uint64_t vmpidr, vpidr;
    /* VCPU_STATE_DEBUG */
    uint64_t mdscr_el1;
    /* VCPU_STATE_TRAPS */
    uint32_t traps; /* enum vcpu_traps */
    uint32_t reserved;
};
