/* SPDX-License-Identifier: BSD-2-Clause */
/* Silence: no interrupt controller delivers anything when the kernel starts. */
#include <base/memory.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader_arch/apic.h>
#include <loader_arch/cpu.h>

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1
#define PIC_INIT     0x11 /* ICW1: edge, cascade, ICW4 follows */
#define PIC_8086     0x01

#define IOAPIC_SELECT      0x00u
#define IOAPIC_WINDOW      0x10u
#define IOAPIC_VERSION     0x01u
#define IOAPIC_REDIRECTION 0x10u
#define IOAPIC_MASKED      0x10000u
#define IOAPIC_MAX_PINS    240u

#define MSR_APIC_BASE     0x1b
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull

/* Moves the i8259s' vectors to 0x20..0x2f, for what comes in spuriously, and masks all. */
static void mask_pics(void)
{
    out8(PIC1_COMMAND, PIC_INIT);
    out8(PIC2_COMMAND, PIC_INIT);
    out8(PIC1_DATA, 0x20);
    out8(PIC2_DATA, 0x28);
    out8(PIC1_DATA, 1 << 2); /* the second one is on line 2 */
    out8(PIC2_DATA, 2);
    out8(PIC1_DATA, PIC_8086);
    out8(PIC2_DATA, PIC_8086);
    out8(PIC1_DATA, 0xff);
    out8(PIC2_DATA, 0xff);
}

static uint32_t ioapic_read(uint64_t base, uint32_t index)
{
    mmio_write32(base + IOAPIC_SELECT, index);
    return mmio_read32(base + IOAPIC_WINDOW);
}

static void ioapic_write(uint64_t base, uint32_t index, uint32_t value)
{
    mmio_write32(base + IOAPIC_SELECT, index);
    mmio_write32(base + IOAPIC_WINDOW, value);
}

/* Counts the pins and masks them. */
static void mask_ioapic(struct hardware_ioapic *ioapic)
{
    uint32_t pins = (ioapic_read(ioapic->address, IOAPIC_VERSION) >> 16 & 0xff) + 1;
    if (pins > IOAPIC_MAX_PINS) {
        log_warning("IOAPIC %u does not answer at 0x%llx", ioapic->id, (unsigned long long)ioapic->address);
        return;
    }
    ioapic->pin_count = pins;
    for (uint32_t pin = 0; pin < pins; pin++) {
        ioapic_write(ioapic->address, IOAPIC_REDIRECTION + 2 * pin, IOAPIC_MASKED);
        ioapic_write(ioapic->address, IOAPIC_REDIRECTION + 2 * pin + 1, 0);
    }
}

/* The CPU that runs the loader is number 0, whatever the table's order. */
static void put_this_cpu_first(struct hardware_info *hardware)
{
    uint32_t id = lapic_id();
    uint32_t place = 0;
    while (place < hardware->cpu_count && hardware->cpus[place].apic_id != id) {
        place++;
    }
    struct hardware_cpu self = {.apic_id = id, .acpi_id = 0};
    if (place < hardware->cpu_count) {
        self = hardware->cpus[place];
    } else if (hardware->cpu_count > 0) {
        log_warning("ACPI: the MADT does not list the processor with APIC id %u", id);
    }
    if (place == HARDWARE_MAX_CPUS) {
        place--;
    }
    memmove(&hardware->cpus[1], &hardware->cpus[0], place * sizeof(self));
    hardware->cpus[0] = self;
    hardware->cpu_count = place < hardware->cpu_count ? hardware->cpu_count : place + 1;
}

void interrupts_quiesce(struct hardware_info *hardware)
{
    mask_pics();
    for (uint32_t i = 0; i < hardware->arch.ioapic_count; i++) {
        mask_ioapic(&hardware->arch.ioapics[i]);
    }
    /* In the mode that the firmware chose, which another kernel than ours may depend on. */
    lapic_enable(lapic_is_x2apic());
    hardware->arch.x2apic = lapic_wants_x2apic();
    hardware->arch.lapic_address = read_msr(MSR_APIC_BASE) & APIC_BASE_ADDRESS;
    put_this_cpu_first(hardware);
}
