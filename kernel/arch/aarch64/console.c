/* SPDX-License-Identifier: BSD-2-Clause */
/* PL011 (Arm DDI 0183), polled: for the kernel's own messages. The firmware has set
 * its rate, the loader has it transmit. */
#include <arch/console.h>
#include <arch/page_table.h>
#include <kernel/arch.h>
#include <kernel/plan_check.h>
#include <kernel/system.h>

#define REGISTER_DATA 0x00u
#define REGISTER_FLAG 0x18u
#define FLAG_FULL     (1u << 5) /* the transmitter's queue */
#define REGISTERS     0x1000u
/* Far longer than a character takes. */
#define MAX_POLLS     1000000

static volatile uint32_t *registers; /* NULL: there is none */

static bool exists(const struct hardware_arch *hardware)
{
    return hardware->uart_kind == HARDWARE_UART_PL011 && hardware->uart.address != 0;
}

void console_init_early(const struct hardware_arch *hardware)
{
    registers = exists(hardware) ? (volatile uint32_t *)hardware->uart.address : NULL;
}

void console_init(const struct hardware_arch *hardware)
{
    if (exists(hardware)) {
        registers = page_table_map_device(HPA(hardware->uart.address), REGISTERS);
    }
}

static void put(char c)
{
    for (int i = 0; i < MAX_POLLS && (registers[REGISTER_FLAG / 4] & FLAG_FULL) != 0; i++) {
    }
    registers[REGISTER_DATA / 4] = (uint8_t)c;
}

void arch_console_write(const char *text, size_t length)
{
    if (registers == NULL) {
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            put('\r');
        }
        put(text[i]);
    }
}

bool arch_console_owned(const struct plan_view *view)
{
    const struct hardware_arch *hardware = &kernel_system.hardware->arch;
    struct plan_error error;
    uint64_t address;

    if (!exists(hardware)) {
        return false;
    }
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_MAPS]; i++) {
        const struct plan_region *region = &view->regions[view->maps[i].region];
        if (region->kind == PLAN_REGION_DEVICE && plan_arch_device_address(region, hardware, &address, &error) &&
            address != PLAN_ANY_ADDRESS && plan_overlap(address, region->size, hardware->uart.address, REGISTERS)) {
            return true;
        }
    }
    return false;
}
