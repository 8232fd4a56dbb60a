/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lock between the threads of one VMM, held for one handler.
 *
 * Not fair, on purpose: where somebody else schedules the CPUs (an emulator, a
 * hypervisor underneath), a fair lock goes to a waiter that does not run, and
 * all wait for it. A vCPU that starves another of the same VM is the guest's
 * own doing.
 */
#pragma once

#include <stdint.h>

#include <vmm/arch/relax.h>

struct spin_lock {
    uint32_t held;
};

static inline void lock_acquire(struct spin_lock *lock)
{
    while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) != 0) {
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED) != 0) {
            cpu_relax();
        }
    }
}

static inline void lock_release(struct spin_lock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}
