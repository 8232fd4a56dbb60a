/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the SYSCALL instruction: a kernel that the test plays. */
#pragma once

#include <stdint.h>

#include <skyscope/syscall.h>

struct call_registers {
    uint64_t rdi, rsi, rdx, r10, r8, r9, r15;
};

int64_t fake_kernel(uint64_t number, struct call_registers *registers);

static inline int64_t system_call(enum skyscope_syscall number, struct call_registers *registers)
{
    return fake_kernel((uint64_t)number, registers);
}

static inline int64_t system_call_receive(enum skyscope_syscall number, struct call_registers *registers)
{
    return fake_kernel((uint64_t)number, registers);
}

static inline int64_t system_call_short(uint64_t number, uint64_t *rdi, uint64_t *rsi, uint64_t *rdx)
{
    struct call_registers registers = {.rdi = *rdi, .rsi = *rsi, .rdx = *rdx};
    int64_t status = fake_kernel(number, &registers);
    *rdi = registers.rdi;
    *rsi = registers.rsi;
    *rdx = registers.rdx;
    return status;
}
