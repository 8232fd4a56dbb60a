/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs now and then beside the guests. If it can read anything of what they have in
 * their registers, or has lost what it had in its own, it powers the machine off. */
#include <skyscope.h>

static uint64_t pause_ticks;
static uint64_t mine;

static uint64_t now(void)
{
    uint64_t value;
    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(value));
    return value;
}

static void arm(void)
{
    skyscope_timer_set(now() + pause_ticks);
}

/* TPIDR_EL0 is the program's to write, TPIDRRO_EL0 the kernel's. */
static void write_own(uint64_t value)
{
    mine = value;
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(value));
}

static bool undisturbed(void)
{
    uint64_t own, fixed;
    __asm__ volatile("mrs %0, tpidr_el0\n\tmrs %1, tpidrro_el0" : "=r"(own), "=r"(fixed));
    return own == mine && fixed == 0;
}

void init(void)
{
    pause_ticks = skyscope_time().tick_frequency / 500;
    write_own(now());
    arm();
}

void notified(microkit_channel ch)
{
    (void)ch;
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
    if (!undisturbed()) {
        skyscope_system(SKYSCOPE_SYSTEM_POWER_OFF);
    }
    write_own(now());
    arm();
}
