/* SPDX-License-Identifier: BSD-2-Clause */
/* Ticket lock between the threads of one VMM: fair, so that no vCPU starves. */
#pragma once

#include <stdint.h>

#include <vmm/arch/relax.h>

struct ticket_lock {
    uint32_t next;  /* ticket that the next comer draws */
    uint32_t owner; /* ticket that holds the lock */
};

static inline void lock_acquire(struct ticket_lock *lock)
{
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket) {
        cpu_relax();
    }
}

static inline void lock_release(struct ticket_lock *lock)
{
    __atomic_store_n(&lock->owner, lock->owner + 1, __ATOMIC_RELEASE);
}
