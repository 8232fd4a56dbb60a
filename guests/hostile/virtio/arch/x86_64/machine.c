/* SPDX-License-Identifier: BSD-2-Clause */
/* The PC: mapped one to one from the start, ports, a second processor by INIT and SIPI. */
#include <vmm/devices/pc_map.h>

#include "../../machine.h"

#define IOAPIC_VERSION 1u

const struct machine machine = {
    .ram_base = 0,
    .ecam = PC_ECAM_BASE,
    .pci_memory = PC_PCI_WINDOW_BASE + PC_PCI_WINDOW_SIZE / 2,
    .pci_ports = PC_PCI_IO_BASE + PC_PCI_IO_SIZE / 2,
    .virtio_mmio = PC_VIRTIO_MMIO_BASE,
    .interrupts = PC_IOAPIC_BASE,
    .interrupts_word = PC_LAPIC_BASE + 0x30, /* its version */
    .messages = PC_LAPIC_BASE,
    .unaligned = true,
};

void machine_map(void)
{
    /* as it is */
}

/* --- Second processor --- */

#define TRAMPOLINE    0xa000u /* below 1 MiB, where nothing lies that a flat guest needs */
#define LAPIC_COMMAND 0x300u
#define LAPIC_TARGET  0x310u
#define COMMAND_INIT  0x4500u
#define COMMAND_START 0x4600u

/* second.S */
extern const uint8_t second_entry[], second_page_table[], second_entry_end[];

static void command(uint32_t value)
{
    write_at(PC_LAPIC_BASE + LAPIC_TARGET, 4, 1u << 24);
    write_at(PC_LAPIC_BASE + LAPIC_COMMAND, 4, value);
}

bool machine_start_second(void)
{
    uint64_t page_table;
    __asm__ volatile("movq %%cr3, %0" : "=r"(page_table));
    for (uint32_t i = 0; i < (uint32_t)(second_entry_end - second_entry); i++) {
        write_at(TRAMPOLINE + i, 1, second_entry[i]);
    }
    write_at(TRAMPOLINE + (uint32_t)(second_page_table - second_entry), 4, page_table);
    write_at(PC_LAPIC_BASE + 0xf0, 4, 0x1ff); /* on */
    command(COMMAND_INIT);
    command(COMMAND_START | TRAMPOLINE >> 12);
    return true;
}

void machine_stop_second(void)
{
    command(COMMAND_INIT);
}

/* --- Clock, end --- */

uint64_t machine_now(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

uint64_t machine_millisecond(void)
{
    return 1000000; /* of a clock of 1 GHz; others are patient for less */
}

char machine_read_character(void)
{
    return (port_read(COM1 + 5, 1) & 1) != 0 ? (char)port_read(COM1, 1) : '\0';
}

void machine_restart(void)
{
    port_write(PC_PORT_RESET, 1, 2);
    port_write(PC_PORT_RESET, 1, 6);
}

/* --- Ports --- */

uint64_t port_read(uint32_t port, uint32_t width)
{
    uint32_t value;
    if (width == 1) {
        uint8_t byte;
        __asm__ volatile("inb %w1, %0" : "=a"(byte) : "d"(port) : "memory");
        value = byte;
    } else if (width == 2) {
        uint16_t word;
        __asm__ volatile("inw %w1, %0" : "=a"(word) : "d"(port) : "memory");
        value = word;
    } else {
        __asm__ volatile("inl %w1, %0" : "=a"(value) : "d"(port) : "memory");
    }
    return value;
}

void port_write(uint32_t port, uint32_t width, uint64_t value)
{
    if (width == 1) {
        __asm__ volatile("outb %b0, %w1" : : "a"((uint32_t)value), "d"(port) : "memory");
    } else if (width == 2) {
        __asm__ volatile("outw %w0, %w1" : : "a"((uint32_t)value), "d"(port) : "memory");
    } else {
        __asm__ volatile("outl %k0, %w1" : : "a"((uint32_t)value), "d"(port) : "memory");
    }
}
