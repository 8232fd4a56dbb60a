/* SPDX-License-Identifier: BSD-2-Clause */
/* Has QEMU's "edu" device (QEMU, docs/specs/edu) write to memory, and says whether it could. */
#include <microkit.h>

#include <stdint.h>

#include "../common/report.h"

#define EDU_DMA_SOURCE      0x80u
#define EDU_DMA_DESTINATION 0x88u
#define EDU_DMA_COUNT       0x90u
#define EDU_DMA_COMMAND     0x98u
#define EDU_BUFFER          0x40000u
#define DMA_START           1u
#define DMA_TO_MEMORY       2u

#define PCI_COMMAND        0x04u
#define COMMAND_MEMORY     (1u << 1)
#define COMMAND_BUS_MASTER (1u << 2)
#define PCI_BAR0           0x10u
#define BAR0_ADDRESS       0x10100000u
#define TARGET_ADDRESS     0x60000000u

#define BEFORE 0x1122334455667788ull

/* Set by the tool. */
uintptr_t configuration, registers, target;

static void write(uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(registers + offset) = value;
}

void init(void)
{
    volatile uint64_t *memory = (volatile uint64_t *)target;

    *(volatile uint32_t *)(configuration + PCI_BAR0) = BAR0_ADDRESS;
    *(volatile uint32_t *)(configuration + PCI_COMMAND) = COMMAND_MEMORY | COMMAND_BUS_MASTER;
    *memory = BEFORE;
    /* The device's buffer is zero at first. */
    write(EDU_DMA_SOURCE, EDU_BUFFER);
    write(EDU_DMA_DESTINATION, TARGET_ADDRESS);
    write(EDU_DMA_COUNT, sizeof(*memory));
    write(EDU_DMA_COMMAND, DMA_START | DMA_TO_MEMORY);
    while ((*(volatile uint32_t *)(registers + EDU_DMA_COMMAND) & DMA_START) != 0) {
    }
    report("memory %s", *memory == 0 ? "written by the device" : *memory == BEFORE ? "as before" : "WRONG");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
