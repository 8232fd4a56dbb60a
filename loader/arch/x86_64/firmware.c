/* SPDX-License-Identifier: BSD-2-Clause */
/* What a PC's firmware tells and keeps: ACPI tables, ACPI mode, the real-time clock. */
#include <base/memory.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader_arch/acpi.h>
#include <loader_arch/clock.h>
#include <loader_arch/cpu.h>
#include <loader_arch/delay.h>

static struct acpi_fixed fixed;

static void read_acpi(const struct physical_memory *memory, const struct boot_source *source,
                      struct hardware_info *hardware)
{
    static uint8_t rsdp[BOOT_RSDP_SIZE];
    uint32_t size = 0;
    uint64_t address = source->rsdp_address;
    if (address == 0 && source->rsdp_size == 0 && source->firmware != HARDWARE_FIRMWARE_UEFI) {
        address = acpi_find_rsdp(memory);
    }
    const void *found = address == 0 ? NULL : physical_at(memory, address, BOOT_RSDP_SIZE);
    if (found != NULL) {
        memcpy(rsdp, found, sizeof(rsdp));
        size = sizeof(rsdp);
        hardware->rsdp_address = address;
    } else if (source->rsdp_size > 0) {
        /* The boot loader's copy, which stays valid here. */
        memcpy(rsdp, source->rsdp, source->rsdp_size);
        size = source->rsdp_size;
        hardware->rsdp_address = (uintptr_t)rsdp;
    }
    if (size == 0 || !acpi_read(memory, rsdp, size, hardware, &fixed)) {
        log_warning("no ACPI tables: only one CPU and no interrupts can be used");
    }
    if (source->firmware == HARDWARE_FIRMWARE_UNKNOWN && acpi_find_rsdp(memory) != 0) {
        hardware->firmware = HARDWARE_FIRMWARE_BIOS; /* only a BIOS leaves it where BIOSes do */
    }
}

/* --- ACPI mode (ACPI 6.4, section 4.8.2.5) --- */

#define PM1_SCI_ENABLED 1u
#define ACPI_MODE_POLLS 3000u

static void enable_acpi(const struct hardware_info *hardware)
{
    const struct hardware_register *control = &hardware->arch.pm1a_control;
    if (fixed.smi_command_port == 0 || fixed.smi_command_port > 0xffff || fixed.acpi_enable_value == 0 ||
        control->valid == 0 || control->space != 1 || control->address > 0xffff) {
        return;
    }
    uint16_t port = (uint16_t)control->address;
    if ((in16(port) & PM1_SCI_ENABLED) != 0) {
        return;
    }
    out8((uint16_t)fixed.smi_command_port, fixed.acpi_enable_value);
    for (uint32_t i = 0; i < ACPI_MODE_POLLS; i++) {
        if ((in16(port) & PM1_SCI_ENABLED) != 0) {
            return;
        }
        delay_microseconds(100);
    }
    log_warning("ACPI: the firmware does not switch to ACPI mode");
}

void firmware_read(const struct physical_memory *memory, const struct boot_source *source,
                   struct hardware_info *hardware)
{
    read_acpi(memory, source, hardware);
    delay_start(hardware);
    enable_acpi(hardware);
}

/* --- Real-time clock --- */

#define CMOS_INDEX         0x70
#define CMOS_DATA          0x71
#define CMOS_STATUS_A      0x0a
#define CMOS_STATUS_B      0x0b
#define UPDATE_IN_PROGRESS 0x80
#define UPDATE_POLLS       100000u /* an update takes 2 ms at most */

static uint8_t cmos_read(uint8_t index)
{
    out8(CMOS_INDEX, index); /* bit 7 clear: NMIs stay on */
    return in8(CMOS_DATA);
}

static void read_clock_registers(struct clock_registers *registers, uint8_t century_register)
{
    for (uint32_t i = 0; i < UPDATE_POLLS && (cmos_read(CMOS_STATUS_A) & UPDATE_IN_PROGRESS) != 0; i++) {
        cpu_pause();
    }
    memset(registers, 0, sizeof(*registers));
    registers->second = cmos_read(0x00);
    registers->minute = cmos_read(0x02);
    registers->hour = cmos_read(0x04);
    registers->day = cmos_read(0x07);
    registers->month = cmos_read(0x08);
    registers->year = cmos_read(0x09);
    registers->status = cmos_read(CMOS_STATUS_B);
    registers->has_century = century_register >= 0x0e && century_register < 0x80;
    registers->century = registers->has_century ? cmos_read(century_register) : 0;
}

void clock_read(struct hardware_info *hardware)
{
    struct clock_registers first, second;
    if (fixed.no_real_time_clock) {
        return;
    }
    /* Two equal readings: no update came between. */
    for (int attempt = 0; attempt < 10; attempt++) {
        read_clock_registers(&first, fixed.century_register);
        read_clock_registers(&second, fixed.century_register);
        if (memcmp(&first, &second, sizeof(first)) == 0) {
            hardware->wall_clock = clock_seconds(&first);
            hardware->wall_clock_ticks = cycle_counter();
            return;
        }
    }
}
