/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86 PC's part of struct vm and struct vcpu_context. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/devices/acpi_pm.h>
#include <vmm/devices/acpi_slots.h>
#include <vmm/devices/apic_bus.h>
#include <vmm/devices/i8042.h>
#include <vmm/devices/i8254.h>
#include <vmm/devices/i8259.h>
#include <vmm/devices/ioapic.h>
#include <vmm/devices/lapic.h>
#include <vmm/devices/machine_control.h>
#include <vmm/devices/mc146818.h>
#include <vmm/devices/pci.h>
#include <vmm/devices/pci_mechanism1.h>
#include <vmm/devices/reset_control.h>
#include <vmm/devices/uart16550.h>

#include <vmm/arch/cpuid.h>
#include <vmm/arch/instruction.h>
#include <vmm/arch/walk.h>

/* Where the guest's RAM starts. */
#define ARCH_RAM_BASE 0ull

/* Kinds of guest errors that have a log limit of their own. */
enum x86_log {
    X86_LOG_MSR,
    X86_LOG_MEMORY,
    X86_LOG_PORT,
    X86_LOG_INSTRUCTION,
    X86_LOG_EVENT,
    X86_LOG_COUNT,
};

struct vm_arch {
    struct cpuid_policy cpuid;
    struct machine_control machine;
    struct i8259 pic;
    struct i8254 pit;
    struct mc146818 rtc;
    struct uart16550 uart;
    struct i8042 keyboard;
    struct reset_control reset;
    struct acpi_pm pm;
    struct apic_bus apic;
    struct ioapic ioapic;
    struct pci_host pci;
    struct pci_mechanism1 pci_ports;
    struct acpi_slots pci_slots;
    struct log_limit limits[X86_LOG_COUNT];
    uint64_t interrupts_injected;
};

/* Requests from other threads. */
enum x86_request {
    X86_REQUEST_NMI = 1u << 0,
    X86_REQUEST_INIT = 1u << 1,
    X86_REQUEST_STARTUP = 1u << 2,
};

#define X86_MTRR_VARIABLE_COUNT 8u
#define X86_MCE_BANK_COUNT      4u

/* Registers that the guest may store in and that mean nothing to us. */
struct x86_stored_msrs {
    uint64_t mtrr_default;
    uint64_t mtrr_variable[2 * X86_MTRR_VARIABLE_COUNT];
    uint64_t mtrr_fixed[11];
    uint64_t mcg_status, mcg_control;
    uint64_t mce_bank[4 * X86_MCE_BANK_COUNT]; /* CTL, STATUS, ADDR, MISC each */
    uint64_t misc_enable;
    uint64_t patch_level;
    uint64_t hwcr;
    uint64_t tsc_adjust;
    uint64_t feature_control;
    uint64_t debug_control;
};

/* Where the guest ends interrupts without an exit (eoi_flag.c). */
struct eoi_flag {
    uint64_t msr;
    uint32_t *word; /* in guest RAM; NULL: it does not */
    bool offered;   /* the interrupt in service may end so */
};

struct vcpu_arch {
    struct lapic lapic;
    struct eoi_flag eoi_flag;
    struct walk_cache fetch_walks[WALK_CACHE_COUNT];
    struct instruction_cache instructions;
    struct x86_stored_msrs msrs;
    uint32_t requests; /* enum x86_request */
    uint8_t startup_vector;
    bool nmi_pending;
    /* Groups that the page holds as of this exit, beyond those wanted always. */
    uint32_t groups;
    /* An interrupt or NMI that was under way when a fault took its place. */
    uint64_t deferred_event;
    uint64_t tsc_offset;
    struct timer priority_timer; /* looks again at a request that the TPR holds back */
};
