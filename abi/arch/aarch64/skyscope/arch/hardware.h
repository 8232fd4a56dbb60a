/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AArch64's part of <skyscope/boot_info.h>.
 *
 * Entry to the kernel, once on every CPU that is used, at the kernel ELF's
 * entry point, at EL2 with HCR_EL2.E2H = 0 and all of DAIF masked; MMU, data and
 * instruction cache on:
 *   X0  physical address of struct boot_info (inside the identity map)
 *   W1  index of this CPU in hardware_info.cpus (0: the one that booted)
 *   no usable stack.
 * TTBR0_EL2's tables (48-bit addresses, 4 KiB granule; they lie in memory that the
 * kernel may reuse once it has its own): an identity map of all RAM as normal
 * memory and of the console's registers as device memory, and the kernel image at
 * its link address with its segments' permissions. MAIR_EL2: attribute 0 is
 * Device-nGnRE, 1 normal write-back, 2 normal non-cacheable. All that the loader
 * wrote is cleaned to the point of coherency, the instruction caches are clean.
 * The GIC's distributor has every SPI disabled and not pending; no CPU interface
 * is enabled. All timers of the CPU are disabled.
 */
#pragma once

#include <stdint.h>

#define HARDWARE_PLAN_MACHINE 183u /* enum plan_machine_kind */

#define HARDWARE_MAX_GIC_REGIONS 8u
#define HARDWARE_MAX_ITS         8u
#define HARDWARE_MAX_SMMUS       8u

struct hardware_cpu {
    uint64_t mpidr; /* affinity fields of MPIDR_EL1: Aff3 in 39:32, Aff2..Aff0 in 23:0 */
    uint32_t acpi_id;
    uint32_t reserved;
};

struct hardware_range {
    uint64_t address, size; /* bytes; address 0: none */
};

struct hardware_its {
    uint64_t address; /* of the control frame; the translation frame is 64 KiB above */
    uint32_t id;
    uint32_t reserved;
};

struct hardware_smmu {
    struct hardware_range registers;
    uint32_t version;                                             /* 3 */
    uint32_t event_interrupt, error_interrupt, command_interrupt; /* INTIDs, 0: none */
};

enum hardware_psci_conduit {
    HARDWARE_PSCI_NONE = 0,
    HARDWARE_PSCI_SMC = 1,
    HARDWARE_PSCI_HVC = 2, /* of no use at EL2: refused */
};

enum hardware_uart_kind {
    HARDWARE_UART_NONE = 0,
    HARDWARE_UART_PL011 = 1,
};

/* Description of an interrupt as the GIC sees it. */
struct hardware_interrupt {
    uint32_t intid; /* 16..31 PPI, 32.. SPI; 0: none */
    uint32_t edge;  /* 1: edge-triggered, 0: level */
};

struct hardware_arch {
    uint32_t psci_conduit; /* enum hardware_psci_conduit */
    uint32_t psci_version; /* as PSCI_VERSION returns it */
    uint32_t gic_version;  /* 2, or 3 for 3 and 4 */
    uint32_t reserved;
    struct hardware_range distributor; /* GICD */
    /* GICv2: CPU interface, virtual interface control, virtual CPU interface. */
    struct hardware_range gicc, gich, gicv;
    /* GICv3: regions of redistributors, each CPU's found by GICR_TYPER. */
    uint32_t redistributor_count;
    uint32_t its_count;
    struct hardware_range redistributors[HARDWARE_MAX_GIC_REGIONS];
    struct hardware_its its[HARDWARE_MAX_ITS];
    /* GICv2m: a frame that turns writes into SPIs; address 0: none. */
    struct hardware_range v2m;
    uint32_t v2m_first_spi, v2m_spi_count;
    struct hardware_interrupt maintenance;                                /* of the virtual CPU interface */
    struct hardware_interrupt virtual_timer, physical_timer, hyper_timer; /* CNTV, CNTP (EL1), CNTHP (EL2) */
    /* The console that the firmware names. */
    struct hardware_range uart;
    struct hardware_interrupt uart_interrupt;
    uint32_t uart_kind;                /* enum hardware_uart_kind */
    uint32_t uart_clock;               /* Hz, 0: not known; the firmware has set the rate */
    struct hardware_range rtc;         /* PL031 */
    struct hardware_range device_tree; /* where the firmware left it; address 0: none */
    uint32_t smmu_count;
    uint32_t reserved2;
    struct hardware_smmu smmus[HARDWARE_MAX_SMMUS];
};
