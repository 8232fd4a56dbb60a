/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../kernel_arch.h"

#define COM1 0x3f8

static uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void machine_start(const struct hardware_info *hardware)
{
    (void)hardware; /* COM1 is where it always is */
}

void machine_put(char c)
{
    while ((in8(COM1 + 5) & 0x20) == 0) {
    }
    __asm__ volatile("outb %0, %1" : : "a"(c), "Nd"((uint16_t)COM1));
}

void machine_pause(void)
{
    __asm__ volatile("pause");
}

static uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

/* The leaf entry for a virtual address, large or small; 0: not mapped. */
static uint64_t page_entry(uint64_t address)
{
    uint64_t table;
    __asm__("movq %%cr3, %0" : "=r"(table));
    for (int shift = 39;; shift -= 9) {
        const uint64_t *entries = at(table & 0x000ffffffffff000ull);
        uint64_t entry = entries[address >> shift & 511];
        if ((entry & 1) == 0) {
            return 0;
        }
        if (shift == 12 || (shift < 39 && (entry & 0x80) != 0)) {
            return entry;
        }
        table = entry;
    }
}

void machine_check_cpu(const char *which)
{
    uint64_t cr0, cr4, flags;
    __asm__ volatile("movq %%cr0, %0; movq %%cr4, %1; pushfq; popq %2" : "=r"(cr0), "=r"(cr4), "=r"(flags));
    check((cr0 & 0xe0010001) == 0x80010001, which); /* PG, WP, PE; caches on */
    check((cr4 & 0x20) != 0, which);
    check((read_msr(0xc0000080) & 0x901) == 0x901, which); /* EFER: NXE, LME, SCE */
    check((flags & 0x200) == 0, which);
    check((read_msr(0x1b) & 0x800) != 0, which); /* local APIC enabled */
}

void machine_check_pages(const struct boot_info *boot)
{
    uint64_t text = page_entry((uintptr_t)text_start);
    uint64_t rodata = page_entry((uintptr_t)rodata_start);
    uint64_t data = page_entry((uintptr_t)data_start);
    check(text != 0 && (text & 2) == 0 && text >> 63 == 0, "text is not writable, is executable");
    check(rodata != 0 && (rodata & 2) == 0 && rodata >> 63 == 1, "constants are neither");
    check(data != 0 && (data & 2) != 0 && data >> 63 == 1, "data is writable, not executable");
    check((text & 0x000ffffffffff000ull) == boot->kernel_physical, "text lies at kernel_physical");
    check(page_entry(boot->pool_physical) >> 63 == 1, "the identity map is not executable");
    check((page_entry(boot->pool_physical) & 2) != 0, "the identity map is writable");
}

void machine_check_interrupts(const struct hardware_info *hardware)
{
    check(in8(0x21) == 0xff && in8(0xa1) == 0xff, "the i8259s are masked");
    for (uint32_t i = 0; i < hardware->arch.ioapic_count; i++) {
        const struct hardware_ioapic *ioapic = &hardware->arch.ioapics[i];
        volatile uint32_t *select = (volatile uint32_t *)(uintptr_t)ioapic->address;
        for (uint32_t pin = 0; pin < ioapic->pin_count; pin++) {
            select[0] = 0x10 + 2 * pin;
            check((select[4] & 0x10000) != 0, "the IOAPIC is masked");
        }
        print("test kernel: IOAPIC %u at 0x%llx, %u pins from %u", ioapic->id, (unsigned long long)ioapic->address,
              ioapic->pin_count, ioapic->gsi_base);
    }
}

void machine_report(const struct hardware_arch *hardware)
{
    print("test kernel: x2apic %u, %u ioapics, %u overrides", hardware->x2apic, hardware->ioapic_count,
          hardware->override_count);
    print("test kernel: pm1a 0x%llx pm timer 0x%llx reset 0x%llx=%u sci %u s5 %u %u/%u hpet 0x%llx lapic 0x%llx",
          (unsigned long long)hardware->pm1a_control.address, (unsigned long long)hardware->pm_timer.address,
          (unsigned long long)hardware->reset.address, hardware->reset.value, hardware->sci_interrupt,
          hardware->s5_valid, hardware->s5_type_a, hardware->s5_type_b, (unsigned long long)hardware->hpet_address,
          (unsigned long long)hardware->lapic_address);
}
