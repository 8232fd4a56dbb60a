/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine that an AArch64 guest sees: addresses and interrupts, laid out as
 * QEMU's "virt" machine, for which firmware exists. The tool writes them into the
 * guest's device tree, the VMM puts its devices there.
 */
#pragma once

#define GUEST_GICD_BASE            0x08000000ull /* distributor, 64 KiB */
#define GUEST_GICD_SIZE            0x10000ull
#define GUEST_GICC_BASE            0x08010000ull /* GICv2 CPU interface, 64 KiB */
#define GUEST_GICC_SIZE            0x10000ull
#define GUEST_GICV2_MAX_CPUS       8u
#define GUEST_V2M_BASE             0x08020000ull /* GICv2: MSI frame (GICv2m), 4 KiB */
#define GUEST_V2M_SIZE             0x1000ull
#define GUEST_V2M_SPI              48u /* its first SPI */
#define GUEST_V2M_SPI_COUNT        64u
#define GUEST_ITS_BASE             0x08080000ull /* GICv3 ITS, 128 KiB */
#define GUEST_ITS_SIZE             0x20000ull
#define GUEST_GICR_BASE            0x080a0000ull /* redistributors, 128 KiB each */
#define GUEST_GICR_SIZE_PER_VCPU   0x20000ull
#define GUEST_UART_BASE            0x09000000ull /* PL011, 4 KiB */
#define GUEST_UART_SPI             1u            /* INTID 33, level */
#define GUEST_RTC_BASE             0x09010000ull /* PL031, 4 KiB */
#define GUEST_RTC_SPI              2u
#define GUEST_POWER_BASE           0x09030000ull /* PL061 with the power button on line 3, 4 KiB */
#define GUEST_POWER_SPI            7u
#define GUEST_VIRTIO_MMIO_BASE     0x0a000000ull /* 32 transports of 512 bytes */
#define GUEST_VIRTIO_MMIO_SIZE     0x200ull
#define GUEST_VIRTIO_MMIO_SPI      16u
#define GUEST_VIRTIO_MMIO_COUNT    32u
#define GUEST_PCI_MEMORY_BASE      0x10000000ull
#define GUEST_PCI_MEMORY_SIZE      0x2eff0000ull
#define GUEST_PCI_IO_BASE          0x3eff0000ull
#define GUEST_PCI_IO_SIZE          0x10000ull
#define GUEST_ECAM_BASE            0x3f000000ull /* 16 buses */
#define GUEST_ECAM_BUS_SIZE        0x00100000ull
#define GUEST_PCI_BUSES            16u
/* Each leads to a bus of its own. */
#define GUEST_PCI_PORTS            (GUEST_PCI_BUSES - 1u)
/* I/O BARs get ports from here on; those below a PC's devices have. */
#define GUEST_PCI_IO_FIRST         0x1000ull
#define GUEST_PCI_SPI              3u      /* INTA..INTD: 3..6 */
#define GUEST_PCI_BRIDGE_VENDOR    0x1b36u /* host bridge: a generic one */
#define GUEST_PCI_BRIDGE_DEVICE    0x0008u
#define GUEST_RAM_BASE             0x40000000ull
/* First address past what a guest can have: stage 2 translates 39 bits. */
#define GUEST_PHYSICAL_END_AARCH64 0x8000000000ull

/* Private interrupts (INTIDs) of the generic timers and the GIC. */
#define GUEST_PPI_VIRTUAL_TIMER  27u
#define GUEST_PPI_PHYSICAL_TIMER 30u
#define GUEST_PPI_MAINTENANCE    25u
