/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where everything is on the virtual PC: ports, addresses and interrupt lines.
 * Device models, ACPI tables, the DSDT and the boot code all take them from here.
 * No types, no code: the ASL compiler's preprocessor reads this file too.
 */
#ifndef VMM_DEVICES_PC_MAP_H
#define VMM_DEVICES_PC_MAP_H

/* I/O ports */
#define PC_PORT_PIC_MASTER    0x20
#define PC_PORT_PIC_SLAVE     0xa0
#define PC_PORT_PIC_ELCR      0x4d0
#define PC_PORT_PIT           0x40
#define PC_PORT_SYSTEM_B      0x61
#define PC_PORT_I8042_DATA    0x60
#define PC_PORT_I8042_COMMAND 0x64
#define PC_PORT_RTC           0x70
#define PC_PORT_POST          0x80
#define PC_PORT_SYSTEM_A      0x92
#define PC_PORT_COM1          0x3f8
#define PC_PORT_PM1_EVENT     0x600
#define PC_PORT_PM1_CONTROL   0x604
#define PC_PORT_PM_TIMER      0x608
#define PC_PORT_GPE0          0x60c
#define PC_PORT_PCI_SLOTS     0x620
#define PC_PCI_SLOTS_SIZE     0x10
#define PC_PORT_PCI_CONFIG    0xcf8
#define PC_PORT_RESET         0xcf9

/* Guest-physical addresses. RAM ends at 3 GiB or below; what is more continues at 4 GiB. */
#define PC_PCI_WINDOW_BASE   0xc0000000
#define PC_PCI_WINDOW_SIZE   0x20000000
#define PC_PCI_WINDOW_LAST   0xdfffffff
#define PC_ECAM_BASE         0xe0000000
#define PC_ECAM_SIZE         0x00100000
#define PC_ECAM_LAST_BUS     0
#define PC_IOAPIC_BASE       0xfec00000
#define PC_IOAPIC_SIZE       0x00001000
#define PC_LAPIC_BASE        0xfee00000
#define PC_LAPIC_SIZE        0x00001000
#define PC_PCI_IO_BASE       0x1000
#define PC_PCI_IO_SIZE       0xf000
#define PC_PCI_IO_LAST       0xffff
/* 32 transports of 512 bytes */
#define PC_VIRTIO_MMIO_BASE  0xe8000000
#define PC_VIRTIO_MMIO_SIZE  0x200
#define PC_VIRTIO_MMIO_COUNT 32

/* Host bridge: the memory controller hub of a Q35 board, without its registers beyond the standard header. */
#define PC_PCI_BRIDGE_VENDOR 0x8086
#define PC_PCI_BRIDGE_DEVICE 0x29c0

/* Global system interrupts (= ISA interrupt numbers below 16) */
#define PC_GSI_PIT          0
#define PC_GSI_KEYBOARD     1
#define PC_GSI_COM1         4
#define PC_GSI_RTC          8
#define PC_GSI_SCI          9
#define PC_GSI_PCI_FIRST    16
#define PC_GSI_PCI_COUNT    4
#define PC_GSI_VIRTIO       20 /* virtio-mmio: the four lines 20..23 in turn, shared */
#define PC_GSI_VIRTIO_COUNT 4
#define PC_ISA_PCI_FIRST    10 /* lines A and C; the next one B and D */
#define PC_IOAPIC_PIN_PIT   2
#define PC_IOAPIC_ID        0

/* General-purpose event of the PCI slots: the DSDT's method _E01. */
#define PC_GPE_PCI_SLOTS 1

/* Values for PM1_CNT.SLP_TYP that the DSDT announces and the PM device obeys. */
#define PC_SLEEP_TYPE_S5 5

#endif
