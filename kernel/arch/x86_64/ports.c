/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports for PDs: may it have this access? */
#include <arch/port.h>
#include <kernel/arch.h>
#include <kernel/cpu.h>
#include <kernel/thread.h>

int64_t arch_port_call(struct thread *thread, uint64_t id, uint64_t port, uint64_t access, uint64_t value)
{
    uint64_t width = access & 7;

    if ((access & ~15ull) != 0 || (width != 1 && width != 2 && width != 4)) {
        return -SKYSCOPE_INVALID_ARGUMENT;
    }
    if (id >= PLAN_CHANNEL_IDS || thread->pd->ioports[id].size == 0) {
        return -SKYSCOPE_INVALID_CHANNEL;
    }
    const struct ioport_range *range = &thread->pd->ioports[id];
    if (port < range->base || port > UINT16_MAX || port + width > (uint64_t)range->base + range->size) {
        return -SKYSCOPE_NOT_PERMITTED;
    }
    if ((access & 8) != 0) {
        port_write((uint16_t)port, (unsigned int)width, (uint32_t)value);
    } else {
        frame_set_result0(&thread->frame, port_read((uint16_t)port, (unsigned int)width));
    }
    return SKYSCOPE_OK;
}
