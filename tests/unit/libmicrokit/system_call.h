/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the SYSCALL instruction: a kernel that the test plays. */
#pragma once

#include <stdint.h>

#include <skyscope/syscall.h>

struct call_registers {
    uint64_t a0, a1, a2, m0, m1, m2, m3;
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

static inline int64_t system_call_short(uint64_t number, uint64_t *a0, uint64_t *a1, uint64_t *a2)
{
    struct call_registers registers = {.a0 = *a0, .a1 = *a1, .a2 = *a2};
    int64_t status = fake_kernel(number, &registers);
    *a0 = registers.a0;
    *a1 = registers.a1;
    *a2 = registers.a2;
    return status;
}
