/* SPDX-License-Identifier: BSD-2-Clause */
/* The SYSCALL instruction, as <skyscope/syscall.h> describes its registers. */
#pragma once

#include <stdint.h>

#include <skyscope/syscall.h>

/* Arguments and, afterwards, results; message registers 0..3. */
struct call_registers {
    uint64_t a0, a1, a2;     /* RDI, RSI, RDX */
    uint64_t m0, m1, m2, m3; /* R10, R8, R9, R15 */
};

/* Returns 0 or a negated enum skyscope_status. Always inlined, so that registers
 * that a call does not use cost nothing but their initialisation. */
static inline __attribute__((always_inline)) int64_t system_call(enum skyscope_syscall number,
                                                                 struct call_registers *registers)
{
    int64_t status = (int64_t)number;
    register uint64_t r10 __asm__("r10") = registers->m0;
    register uint64_t r8 __asm__("r8") = registers->m1;
    register uint64_t r9 __asm__("r9") = registers->m2;
    register uint64_t r15 __asm__("r15") = registers->m3;
    __asm__ volatile("syscall"
                     : "+a"(status), "+D"(registers->a0), "+S"(registers->a1), "+d"(registers->a2), "+r"(r10), "+r"(r8),
                       "+r"(r9), "+r"(r15)
                     :
                     : "rcx", "r11", "memory");
    registers->m0 = r10;
    registers->m1 = r8;
    registers->m2 = r9;
    registers->m3 = r15;
    return status;
}

/* As system_call, for calls that take no message but may return one. */
static inline __attribute__((always_inline)) int64_t system_call_receive(enum skyscope_syscall number,
                                                                         struct call_registers *registers)
{
    int64_t status = (int64_t)number;
    register uint64_t r10 __asm__("r10");
    register uint64_t r8 __asm__("r8");
    register uint64_t r9 __asm__("r9");
    register uint64_t r15 __asm__("r15");
    __asm__ volatile("syscall"
                     : "+a"(status), "+D"(registers->a0), "+S"(registers->a1), "+d"(registers->a2), "=r"(r10), "=r"(r8),
                       "=r"(r9), "=r"(r15)
                     :
                     : "rcx", "r11", "memory");
    registers->m0 = r10;
    registers->m1 = r8;
    registers->m2 = r9;
    registers->m3 = r15;
    return status;
}

/* As system_call, without message registers: for the vCPU loop. */
static inline __attribute__((always_inline)) int64_t system_call_short(uint64_t number, uint64_t *a0, uint64_t *a1,
                                                                       uint64_t *a2)
{
    int64_t status = (int64_t)number;
    __asm__ volatile("syscall"
                     : "+a"(status), "+D"(*a0), "+S"(*a1), "+d"(*a2)
                     :
                     : "rcx", "r11", "r8", "r9", "r10", "r15", "memory");
    return status;
}
