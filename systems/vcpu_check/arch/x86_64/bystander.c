/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs now and then beside the guests. If it can read anything of what they have in
 * their registers, it powers the machine off. */
#include <cpuid.h>

#include <skyscope.h>

static uint64_t pause_ticks;
static bool has_aux;

static void arm(void)
{
    skyscope_timer_set(__builtin_ia32_rdtsc() + pause_ticks);
}

void init(void)
{
    unsigned int eax, ebx, ecx, edx = 0;
    has_aux = __get_cpuid(0x80000001u, &eax, &ebx, &ecx, &edx) != 0 && (edx & 1u << 27) != 0;
    pause_ticks = skyscope_time().tick_frequency / 500;
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
    unsigned int aux = 0;
    if (has_aux) {
        __builtin_ia32_rdtscp(&aux);
    }
    if (aux != 0) {
        skyscope_system(SKYSCOPE_SYSTEM_POWER_OFF);
    }
    arm();
}
