/* SPDX-License-Identifier: BSD-2-Clause */
/* <skyscope.h>: what goes beyond Microkit. */
#include "runtime.h"

bool microkit_vcpu_is_on[SKYSCOPE_MAX_THREADS];

void skyscope_vcpu_on(unsigned int thread)
{
    if (thread < SKYSCOPE_MAX_THREADS) {
        microkit_vcpu_is_on[thread] = true;
    }
}

void skyscope_vcpu_off(unsigned int thread)
{
    if (thread < SKYSCOPE_MAX_THREADS) {
        microkit_vcpu_is_on[thread] = false;
    }
}

int skyscope_vcpu_read(uint32_t groups)
{
    struct call_registers r = {.a0 = groups};
    return (int)system_call(SYSCALL_VCPU_READ, &r);
}

int skyscope_thread_signal(unsigned int thread)
{
    struct call_registers r = {.a0 = thread};
    return (int)system_call(SYSCALL_THREAD_SIGNAL, &r);
}

int skyscope_timer_set(uint64_t deadline)
{
    struct call_registers r = {.a0 = deadline};
    return (int)system_call(SYSCALL_TIMER, &r);
}

struct skyscope_time skyscope_time(void)
{
    struct call_registers r = {0};
    struct skyscope_time time = {0};
    if (system_call(SYSCALL_TIME, &r) == 0) {
        time.tick_frequency = r.a0;
        time.wall_clock = r.a2;
        time.wall_clock_ticks = r.m0;
    }
    return time;
}

int skyscope_system(enum skyscope_system_operation operation)
{
    struct call_registers r = {.a0 = operation};
    return (int)system_call(SYSCALL_SYSTEM, &r);
}
