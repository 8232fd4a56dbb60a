/* SPDX-License-Identifier: BSD-2-Clause */
/* AArch64's part of struct vm and struct vcpu_context. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/guest_aarch64.h>

#include <vmm/devices/gic.h>
#include <vmm/devices/gic_v2m.h>
#include <vmm/devices/machine_control.h>
#include <vmm/devices/pci_port.h>
#include <vmm/devices/pl011.h>
#include <vmm/devices/pl031.h>
#include <vmm/devices/pl061.h>

#include <vmm/arch/id_registers.h>

/* Where the guest's RAM starts. */
#define ARCH_RAM_BASE GUEST_RAM_BASE

/* Kinds of guest errors that have a log limit of their own. */
enum aarch64_log {
    AARCH64_LOG_REGISTER,
    AARCH64_LOG_MEMORY,
    AARCH64_LOG_INSTRUCTION,
    AARCH64_LOG_CALL,
    AARCH64_LOG_COUNT,
};

struct vm_arch {
    struct id_registers id;
    struct gic gic;
    struct gic_v2m v2m; /* GICv2 only */
    struct pci_host pci;
    struct pci_port ports[GUEST_PCI_PORTS];
    struct pl011 uart;
    struct pl031 rtc;
    struct pl061 gpio; /* the power button */
    struct log_limit limits[AARCH64_LOG_COUNT];
};

/* As PSCI sees a vCPU (DEN 0022, AFFINITY_INFO). */
enum vcpu_power {
    VCPU_POWER_ON = 0,
    VCPU_POWER_OFF = 1,
    VCPU_POWER_ON_PENDING = 2,
};

struct vcpu_arch {
    /* Groups that the page holds as of this exit, beyond those wanted always. */
    uint32_t groups;
    uint32_t power; /* enum vcpu_power */
    /* Where the vCPU starts: ON_PENDING, or (start_on_wake) at the end of a CPU_SUSPEND that loses its state. */
    uint64_t start_address, start_context;
    bool start_on_wake;
    bool timer_line; /* the virtual timer's level, where the kernel cannot deliver it */
    bool os_lock;
    /* CNTP_*_EL0; its counter is the host clock. */
    uint64_t physical_control, physical_compare;
    struct timer physical_timer;
    struct timer virtual_timer; /* ends WFI: armed only while the vCPU is halted */
};
