/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/arch.h>
#include <skyscope/syscall.h>

int64_t arch_port_call(struct thread *thread, uint64_t id, uint64_t port, uint64_t access, uint64_t value)
{
    (void)thread;
    (void)id;
    (void)port;
    (void)access;
    (void)value;
    return -SKYSCOPE_NO_SUCH_CALL;
}
