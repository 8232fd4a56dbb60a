/* SPDX-License-Identifier: BSD-2-Clause */
/* Power-off by ACPI S5, and reset by whatever works (ACPI 6.4 §4.8.3, §7.4). */
#include <arch/cpu.h>
#include <arch/page_table.h>
#include <arch/port.h>
#include <arch/power.h>
#include <kernel/arch.h>
#include <kernel/log.h>
#include <kernel/system.h>

#define SLEEP_TYPE_SHIFT 10u
#define SLEEP_ENABLE     (1u << 13)
#define SPACE_MEMORY     0u
#define SPACE_IO         1u

static volatile uint8_t *reset_register; /* if it is memory */

void power_init(void)
{
    const struct hardware_register *reset = &kernel_system.hardware->arch.reset;
    if (reset->valid != 0 && reset->space == SPACE_MEMORY) {
        reset_register = page_table_map_device(HPA(reset->address), 1);
    }
}

static void delay(void)
{
    uint64_t end = read_tsc() + kernel_system.tick_frequency / 20;
    while (read_tsc() < end) {
        cpu_pause();
    }
}

static void sleep_control(const struct hardware_register *control, uint8_t type)
{
    if (control->valid != 0 && control->space == SPACE_IO) {
        uint16_t port = (uint16_t)control->address;
        uint32_t value = port_read16(port) & ~(7u << SLEEP_TYPE_SHIFT);
        value |= (uint32_t)(type & 7) << SLEEP_TYPE_SHIFT;
        port_write16(port, (uint16_t)(value | SLEEP_ENABLE));
    }
}

void arch_power_off(void)
{
    const struct hardware_info *hardware = kernel_system.hardware;

    if (hardware->arch.s5_valid != 0) {
        sleep_control(&hardware->arch.pm1a_control, hardware->arch.s5_type_a);
        sleep_control(&hardware->arch.pm1b_control, hardware->arch.s5_type_b);
        delay();
    }
    kernel_log("kernel: this machine cannot be powered off by software\n");
}

void arch_reset(void)
{
    const struct hardware_register *reset = &kernel_system.hardware->arch.reset;

    if (reset->valid != 0 && reset->space == SPACE_IO) {
        port_write8((uint16_t)reset->address, reset->value);
        delay();
    } else if (reset_register != NULL) {
        *reset_register = reset->value;
        delay();
    }
    port_write8(0xcf9, 0x02); /* PCI reset control: hard reset, then do it */
    port_write8(0xcf9, 0x06);
    delay();
    port_write8(0x64, 0xfe); /* keyboard controller: pulse the reset line */
    delay();
    /* No interrupt table: the next exception shuts the CPU down. */
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};
    __asm__ volatile("lidt %0; int3" : : "m"(none));
}
