/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../kernel_arch.h"

#define UART_DATA  0x00u
#define UART_FLAGS 0x18u
#define FLAGS_FULL 0x20u

#define VALID        1ull
#define TABLE        2ull
#define READ_ONLY    (1ull << 7)
#define NO_EXECUTE   (1ull << 54)
#define ADDRESS_BITS 0x0000fffffffff000ull
#define ATTRIBUTE    0x1cull /* index in MAIR_EL2 */
#define NORMAL       4ull

#define GICD_ISENABLER 0x100u
#define GICD_ISPENDR   0x200u
#define GICR_SGI_FRAME 0x10000u

#define read_register(name)                                                                                            \
    ({                                                                                                                 \
        uint64_t value_;                                                                                               \
        __asm__ volatile("mrs %0, " #name : "=r"(value_));                                                             \
        value_;                                                                                                        \
    })

static uint64_t uart;
static uint64_t start; /* ticks since the machine was switched on */

static uint32_t read32(uint64_t address)
{
    return *(volatile uint32_t *)(uintptr_t)address;
}

void machine_start(const struct hardware_info *hardware)
{
    start = read_register(cntpct_el0);
    uart = hardware->arch.uart.address;
}

void machine_put(char c)
{
    while ((read32(uart + UART_FLAGS) & FLAGS_FULL) != 0) {
    }
    *(volatile uint32_t *)(uintptr_t)(uart + UART_DATA) = (uint8_t)c;
}

void machine_pause(void)
{
    __asm__ volatile("yield");
}

/* The leaf entry for a virtual address; 0: not mapped. */
static uint64_t page_entry(uint64_t address)
{
    uint64_t table = read_register(ttbr0_el2);
    for (int shift = 39;; shift -= 9) {
        const uint64_t *entries = at(table & ADDRESS_BITS);
        uint64_t entry = entries[address >> shift & 511];
        if ((entry & VALID) == 0) {
            return 0;
        }
        if (shift == 12 || (entry & TABLE) == 0) {
            return entry;
        }
        table = entry;
    }
}

void machine_check_cpu(const char *which)
{
    check(read_register(CurrentEL) == 2 << 2, which);
    check((read_register(sctlr_el2) & 0x1005) == 0x1005, which);             /* I, C, M */
    check((read_register(hcr_el2) & (1ull << 34 | 1ull << 27)) == 0, which); /* E2H, TGE */
    check((read_register(daif) & 0x3c0) == 0x3c0, which);
    check(read_register(mair_el2) == 0x44ff04, which);
    check((read_register(tcr_el2) & 0xff3f) == 0x3510, which); /* 48 bits, 4 KiB, write-back */
    check((read_register(cnthp_ctl_el2) & 1) == 0 && (read_register(cntp_ctl_el0) & 1) == 0 &&
              (read_register(cntv_ctl_el0) & 1) == 0,
          which);
}

void machine_check_pages(const struct boot_info *boot)
{
    uint64_t text = page_entry((uintptr_t)text_start);
    uint64_t rodata = page_entry((uintptr_t)rodata_start);
    uint64_t data = page_entry((uintptr_t)data_start);
    uint64_t pool = page_entry(boot->pool_physical);
    check(text != 0 && (text & (READ_ONLY | NO_EXECUTE)) == READ_ONLY, "text is not writable, is executable");
    check((rodata & (READ_ONLY | NO_EXECUTE)) == (READ_ONLY | NO_EXECUTE), "constants are neither");
    check(data != 0 && (data & (READ_ONLY | NO_EXECUTE)) == NO_EXECUTE, "data is writable, not executable");
    check((text & ADDRESS_BITS) == boot->kernel_physical, "text lies at kernel_physical");
    check((pool & (READ_ONLY | NO_EXECUTE)) == NO_EXECUTE, "the identity map is writable, not executable");
    check((pool & ATTRIBUTE) == NORMAL && (text & ATTRIBUTE) == NORMAL, "memory is write-back");
    check((page_entry(uart) & ATTRIBUTE) == 0, "the console is a device");
}

static bool all_zero(uint64_t address, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        if (read32(address + 4 * i) != 0) {
            return false;
        }
    }
    return true;
}

void machine_check_interrupts(const struct hardware_info *hardware)
{
    const struct hardware_arch *arch = &hardware->arch;
    uint64_t distributor = arch->distributor.address;
    uint32_t words = read32(distributor + 4) & 31;
    check((read32(distributor) & 3) == 0, "the distributor is off");
    check(all_zero(distributor + GICD_ISENABLER + 4, words), "no SPI is enabled");
    check(all_zero(distributor + GICD_ISPENDR + 4, words), "no SPI is pending");
    if (arch->gic_version == 2) {
        check((read32(arch->gicc.address) & 1) == 0, "the CPU interface is off");
    } else {
        check((read_register(s3_0_c12_c12_7) & 1) == 0, "the CPU interface is off");
        check(all_zero(arch->redistributors[0].address + GICR_SGI_FRAME + GICD_ISENABLER, 1), "no PPI is enabled");
    }
}

static void report_range(const char *what, struct hardware_range range)
{
    if (range.address != 0) {
        print("test kernel: %s 0x%llx 0x%llx", what, (unsigned long long)range.address, (unsigned long long)range.size);
    }
}

void machine_report(const struct hardware_arch *hardware)
{
    print("test kernel: entered at tick %llu", (unsigned long long)start);
    print("test kernel: psci conduit %u version 0x%x", hardware->psci_conduit, hardware->psci_version);
    print("test kernel: gic version %u, maintenance %u", hardware->gic_version, hardware->maintenance.intid);
    report_range("distributor", hardware->distributor);
    report_range("gicc", hardware->gicc);
    report_range("gich", hardware->gich);
    report_range("gicv", hardware->gicv);
    for (uint32_t i = 0; i < hardware->redistributor_count; i++) {
        report_range("redistributors", hardware->redistributors[i]);
    }
    for (uint32_t i = 0; i < hardware->its_count; i++) {
        print("test kernel: its 0x%llx id %u", (unsigned long long)hardware->its[i].address, hardware->its[i].id);
    }
    report_range("v2m", hardware->v2m);
    print("test kernel: v2m spis %u from %u", hardware->v2m_spi_count, hardware->v2m_first_spi);
    print("test kernel: timers virtual %u physical %u hyper %u, edge %u", hardware->virtual_timer.intid,
          hardware->physical_timer.intid, hardware->hyper_timer.intid, hardware->hyper_timer.edge);
    report_range("uart", hardware->uart);
    print("test kernel: uart kind %u interrupt %u clock %u", hardware->uart_kind, hardware->uart_interrupt.intid,
          hardware->uart_clock);
    report_range("rtc", hardware->rtc);
    report_range("device tree", hardware->device_tree);
    for (uint32_t i = 0; i < hardware->smmu_count; i++) {
        report_range("smmu", hardware->smmus[i].registers);
        print("test kernel: smmu interrupts %u %u %u", hardware->smmus[i].event_interrupt,
              hardware->smmus[i].error_interrupt, hardware->smmus[i].command_interrupt);
    }
}
