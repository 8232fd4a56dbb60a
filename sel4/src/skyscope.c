/* SPDX-License-Identifier: BSD-2-Clause */
#include <skyscope.h>

#include <skyscope/timer_service.h>

/* Written by the tool. */
uintptr_t skyscope_timer_channel;

/* The program's own, of which the linker makes another name (--wrap=notified). */
void __real_notified(microkit_channel channel);
void __wrap_notified(microkit_channel channel);

/* Microkit's library calls this one. */
void __wrap_notified(microkit_channel channel)
{
    if (channel == skyscope_timer_channel) {
        skyscope_event(0, SKYSCOPE_EVENT_TIMER);
    } else {
        __real_notified(channel);
    }
}

int skyscope_timer_set(uint64_t deadline)
{
    timer_service_arm((microkit_channel)skyscope_timer_channel, deadline, skyscope_clock(), skyscope_clock_frequency());
    return SKYSCOPE_OK;
}

struct skyscope_time skyscope_time(void)
{
    return (struct skyscope_time){.tick_frequency = skyscope_clock_frequency()};
}

void skyscope_debug_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        microkit_dbg_putc(text[i]);
    }
}

int skyscope_system(enum skyscope_system_operation operation)
{
    return skyscope_power(operation == SKYSCOPE_SYSTEM_RESET) ? SKYSCOPE_OK : -SKYSCOPE_NOT_PERMITTED;
}
