/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel publishes, read-only, to PDs whose plan maps it. */
#pragma once

#include <stdint.h>

#include <skyscope/log_ring.h>
#include <skyscope/plan.h>
#include <skyscope/vcpu.h>

#define KERNEL_STATISTICS_VERSION 2u

enum thread_state {
    THREAD_READY = 1,
    THREAD_RUNNING = 2,
    THREAD_WAITING = 3, /* in RECV or VCPU_WAIT */
    THREAD_CALLING = 4, /* in a protected procedure call */
    THREAD_FAULTED = 5, /* waits for its parent's reply, or for ever */
    THREAD_STOPPED = 6,
    THREAD_OUT_OF_BUDGET = 7,
    THREAD_IN_GUEST = 8,
};

struct thread_statistics {
    uint32_t pd;
    uint32_t index;
    uint32_t cpu;
    uint32_t priority;
    uint32_t state; /* enum thread_state */
    uint32_t faults;
    uint64_t run_ticks; /* clock ticks in user mode and in the kernel on its behalf, guest excluded */
    uint64_t switches;
    uint64_t budget_exhaustions;
};

struct vcpu_statistics {
    uint32_t vm;
    uint32_t id;
    uint32_t thread;
    uint32_t reserved;
    uint64_t first_entry;     /* clock when it was first entered since the kernel started, 0: never */
    uint64_t guest_ticks;     /* clock ticks in guest mode */
    uint64_t entries;         /* VM entries */
    uint64_t host_interrupts; /* exits that only the kernel saw */
    uint64_t kernel_handled;  /* other exits handled without the VMM */
    uint64_t interrupts;      /* that the kernel gave the guest by itself, without the VMM */
    uint64_t exits[VCPU_EXIT_KIND_COUNT];
};

struct cpu_statistics {
    uint64_t idle_ticks;
    uint64_t interrupts;
    uint64_t interprocessor_interrupts;
    uint64_t timer_interrupts;
    uint64_t switches;
    uint64_t nmis;
};

struct kernel_statistics {
    uint32_t version; /* KERNEL_STATISTICS_VERSION */
    uint32_t thread_count, vcpu_count, cpu_count, pd_count, vm_count;
    uint64_t tick_frequency; /* Hz, calibrated */
    uint32_t clock_source;   /* enum clock_source */
    uint32_t reserved;
    uint64_t entry_ticks;          /* when the kernel was entered */
    uint64_t ready_ticks;          /* when the first PD ran */
    uint64_t pool_size, pool_used; /* bytes of kernel memory */
    uint64_t features;             /* enum kernel_feature bits that are in force */
    char version_string[64];
    char pd_names[PLAN_MAX_PDS][PLAN_NAME_LENGTH];
    char vm_names[PLAN_MAX_VMS][PLAN_NAME_LENGTH];
    struct cpu_statistics cpus[PLAN_MAX_CPUS];
    struct thread_statistics threads[PLAN_MAX_THREADS];
    struct vcpu_statistics vcpus[PLAN_MAX_VCPUS];
};

enum clock_source {
    CLOCK_FROM_CPUID = 1,
    CLOCK_FROM_HPET = 2,
    CLOCK_FROM_PIT = 3,
    CLOCK_FROM_PM_TIMER = 4,
    CLOCK_FROM_FIRMWARE = 5, /* AArch64: CNTFRQ_EL0 */
};

enum kernel_feature {
    KERNEL_FEATURE_SVM = 1u << 0,
    KERNEL_FEATURE_VMX = 1u << 1,
    KERNEL_FEATURE_X2APIC = 1u << 2,
    KERNEL_FEATURE_TSC_DEADLINE = 1u << 3,
    KERNEL_FEATURE_SMEP = 1u << 4,
    KERNEL_FEATURE_SMAP = 1u << 5,
    KERNEL_FEATURE_UMIP = 1u << 6,
    KERNEL_FEATURE_NX = 1u << 7,
    KERNEL_FEATURE_IBPB = 1u << 8,
    KERNEL_FEATURE_STIBP = 1u << 9,
    KERNEL_FEATURE_VERW = 1u << 10,
    KERNEL_FEATURE_L1D_FLUSH = 1u << 11,
    KERNEL_FEATURE_NRIP_SAVE = 1u << 12,
    KERNEL_FEATURE_DECODE_ASSISTS = 1u << 13,
    KERNEL_FEATURE_FLUSH_BY_ASID = 1u << 14,
    KERNEL_FEATURE_XSAVE = 1u << 15,
    KERNEL_FEATURE_PCID = 1u << 16,
    /* AArch64 */
    KERNEL_FEATURE_EL2 = 1u << 17, /* vCPUs */
    KERNEL_FEATURE_SVE = 1u << 18,
    KERNEL_FEATURE_RAS = 1u << 19,
    KERNEL_FEATURE_SSBS = 1u << 20,
    KERNEL_FEATURE_BRANCH_WORKAROUND = 1u << 21, /* the firmware's, between PDs */
    KERNEL_FEATURE_SMMU = 1u << 22,              /* no device reaches memory but by the kernel's tables */
    KERNEL_FEATURE_GICV3 = 1u << 23,             /* else GICv2 */
    KERNEL_FEATURE_ITS = 1u << 24,               /* message-signalled interrupts */
    KERNEL_FEATURE_RNG = 1u << 25,               /* FEAT_RNG: RNDR and RNDRRS give random numbers, in PDs as well */
};

/* Bytes of a PLAN_REGION_STATISTICS region. */
#define KERNEL_STATISTICS_REGION_SIZE 0x20000ull
_Static_assert(sizeof(struct kernel_statistics) <= KERNEL_STATISTICS_REGION_SIZE, "statistics region too small");
/* Bytes of a PLAN_REGION_KERNEL_LOG region. */
#define KERNEL_LOG_REGION_SIZE 0x10000ull
