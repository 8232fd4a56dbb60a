/* SPDX-License-Identifier: BSD-2-Clause */
/* A ticket lock, for the few leaf resources that CPUs share: the log and the
 * IOAPIC's register window. Held for a bounded time, interrupts off, never nested. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/cpu.h>

struct spinlock {
    uint32_t next, serving;
};

static inline void spinlock_acquire(struct spinlock *lock)
{
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket) {
        cpu_pause();
    }
}

static inline void spinlock_release(struct spinlock *lock)
{
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}
