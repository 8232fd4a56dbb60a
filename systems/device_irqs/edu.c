/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drives QEMU's "edu" device (QEMU, docs/specs/edu): raises its interrupt by the line,
 * which stays up until the device is told, then by messages.
 */
#include <microkit.h>
#include <skyscope/boot_info.h>

#include <stdint.h>

#include "../common/report.h"

#define LINE_ID    5
#define MESSAGE_ID 6
#define ROUNDS     100u
#define MSI_DATA   80u

#define EDU_VENDOR_AND_DEVICE 0x11e81234u
#define EDU_STATUS            0x24u
#define EDU_RAISE             0x60u
#define EDU_ACKNOWLEDGE       0x64u

#define PCI_COMMAND        0x04u
#define COMMAND_MEMORY     (1u << 1)
#define COMMAND_BUS_MASTER (1u << 2)
#define COMMAND_NO_LINE    (1u << 10)
#define PCI_BAR0           0x10u
#define PCI_CAPABILITIES   0x34u
#define CAPABILITY_MSI     0x05u
#define MSI_ENABLE         (1u << 16)
#define MSI_64_BIT         (1u << 23)

#define ITS_DOORBELL 0x10040u
#define V2M_DOORBELL 0x40u
#define BAR0_ADDRESS 0x10000000u

/* Set by the tool. */
uintptr_t configuration, registers, machine;

static unsigned int line_count, message_count;

static volatile uint32_t *config(uint32_t offset)
{
    return (volatile uint32_t *)(configuration + offset);
}

static volatile uint32_t *edu(uint32_t offset)
{
    return (volatile uint32_t *)(registers + offset);
}

static uint64_t doorbell(void)
{
    const struct hardware_arch *arch = &((const struct hardware_info *)machine)->arch;

    return arch->its_count != 0 ? arch->its[0].address + ITS_DOORBELL : arch->v2m.address + V2M_DOORBELL;
}

static uint32_t find_msi(void)
{
    uint32_t at = *config(PCI_CAPABILITIES) & 0xfc;

    while (at != 0 && (*config(at) & 0xff) != CAPABILITY_MSI) {
        at = *config(at) >> 8 & 0xfc;
    }
    return at;
}

static void use_messages(void)
{
    uint32_t msi = find_msi();

    check(msi != 0 && (*config(msi) & MSI_64_BIT) != 0, "the device has MSI");
    *config(msi + 4) = (uint32_t)doorbell();
    *config(msi + 8) = (uint32_t)(doorbell() >> 32);
    *config(msi + 12) = MSI_DATA;
    *config(PCI_COMMAND) |= COMMAND_NO_LINE;
    *config(msi) |= MSI_ENABLE;
}

void init(void)
{
    check(*config(0) == EDU_VENDOR_AND_DEVICE, "the device is there");
    *config(PCI_BAR0) = BAR0_ADDRESS;
    *config(PCI_COMMAND) = COMMAND_MEMORY | COMMAND_BUS_MASTER;
    check(*edu(0) == 0x010000edu, "its registers are there");
    *edu(EDU_RAISE) = 1;
}

/* The line is up: comes again after each acknowledgement until the device is told. */
static void line_raised(void)
{
    line_count++;
    if (line_count < ROUNDS) {
        microkit_irq_ack(LINE_ID);
        return;
    }
    if (line_count == ROUNDS) {
        check(*edu(EDU_STATUS) == 1, "a line that stays up interrupts again, once for each acknowledgement");
        *edu(EDU_ACKNOWLEDGE) = 1;
        microkit_irq_ack(LINE_ID);
        use_messages();
        *edu(EDU_RAISE) = 1;
    }
}

static void message_came(void)
{
    message_count++;
    *edu(EDU_ACKNOWLEDGE) = *edu(EDU_STATUS);
    microkit_irq_ack(MESSAGE_ID);
    if (message_count < ROUNDS) {
        *edu(EDU_RAISE) = 1;
    } else if (message_count == ROUNDS) {
        check(line_count == ROUNDS, "messages, and the line no more");
        report("passed");
    }
}

void notified(microkit_channel ch)
{
    if (ch == LINE_ID) {
        line_raised();
    } else {
        message_came();
    }
}
