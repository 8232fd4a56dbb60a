/* SPDX-License-Identifier: BSD-2-Clause */
/* The console: a PL011 (Arm DDI 0183) that the firmware has set up. */
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <loader_arch/device_tree.h>
#include <loader_arch/entry.h>

#define UART_DATA           0x00u
#define UART_FLAGS          0x18u
#define UART_CONTROL        0x30u
#define UART_MASK           0x38u
#define FLAGS_FULL          0x20u
#define CONTROL_ON          0x301u /* enable, transmit, receive */
#define UART_SIZE           0x1000u
#define POLLS_PER_CHARACTER 1000000u /* far longer than a character takes */

static uint64_t uart;

static void serial_put(char c)
{
    for (uint32_t i = 0; i < POLLS_PER_CHARACTER; i++) {
        if ((mmio_read32(uart + UART_FLAGS) & FLAGS_FULL) == 0) {
            mmio_write32(uart + UART_DATA, (uint8_t)c);
            return;
        }
    }
    uart = 0;
}

/* Without the MMU everything can be reached. */
static bool mmu_is_on(void)
{
    return mmu_registers.ttbr0 != 0;
}

void console_find(const struct boot_entry *entry)
{
    static struct hardware_info hardware;
    struct loader_error error;
    uint64_t address = entry->second;
    if (entry->first == HARDWARE_BOOT_UEFI) {
        const struct uefi_handoff *handoff = (const struct uefi_handoff *)(uintptr_t)entry->second;
        hardware.arch.uart = handoff->uart;
        address = handoff->device_tree;
    }
    const struct device_tree *tree = hardware.arch.uart.address == 0 ? machine_tree(address, &error) : NULL;
    if (tree != NULL) {
        device_tree_console(tree, &hardware);
    }
    address = hardware.arch.uart.address;
    if (address != 0 && (!mmu_is_on() || device_reach(address, UART_SIZE))) {
        uart = address;
    }
}

void console_start(void)
{
    if (uart == 0) {
        return;
    }
    mmio_write32(uart + UART_MASK, 0); /* no interrupts */
    if ((mmio_read32(uart + UART_CONTROL) & CONTROL_ON) != CONTROL_ON) {
        mmio_write32(uart + UART_CONTROL, CONTROL_ON);
    }
}

void console_use_screen(const struct boot_source *source)
{
    (void)source; /* messages go to the serial port alone */
}

void console_write(const char *text, size_t length)
{
    for (size_t i = 0; uart != 0 && i < length; i++) {
        if (text[i] == '\n') {
            serial_put('\r');
        }
        if (uart != 0) {
            serial_put(text[i]);
        }
    }
}
