/* SPDX-License-Identifier: BSD-2-Clause */
/* The SVC instruction, as <skyscope/syscall.h> describes its registers. */
#pragma once

#include <stdint.h>

#include <skyscope/syscall.h>

/* Arguments and, afterwards, results; message registers 0..3. */
struct call_registers {
    uint64_t a0, a1, a2;     /* X0, X1, X6 */
    uint64_t m0, m1, m2, m3; /* X2, X3, X4, X5 */
};

/* Returns 0 or a negated enum skyscope_status. Always inlined, so that registers
 * that a call does not use cost nothing but their initialisation. */
static inline __attribute__((always_inline)) int64_t system_call(enum skyscope_syscall number,
                                                                 struct call_registers *registers)
{
    register uint64_t x0 __asm__("x0") = registers->a0;
    register uint64_t x1 __asm__("x1") = registers->a1;
    register uint64_t x2 __asm__("x2") = registers->m0;
    register uint64_t x3 __asm__("x3") = registers->m1;
    register uint64_t x4 __asm__("x4") = registers->m2;
    register uint64_t x5 __asm__("x5") = registers->m3;
    register uint64_t x6 __asm__("x6") = registers->a2;
    register int64_t x7 __asm__("x7") = (int64_t)number;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
                     :
                     : "memory");
    registers->a0 = x0;
    registers->a1 = x1;
    registers->a2 = x6;
    registers->m0 = x2;
    registers->m1 = x3;
    registers->m2 = x4;
    registers->m3 = x5;
    return x7;
}

/* As system_call, for calls that take no message but may return one. */
static inline __attribute__((always_inline)) int64_t system_call_receive(enum skyscope_syscall number,
                                                                         struct call_registers *registers)
{
    register uint64_t x0 __asm__("x0") = registers->a0;
    register uint64_t x1 __asm__("x1") = registers->a1;
    register uint64_t x2 __asm__("x2");
    register uint64_t x3 __asm__("x3");
    register uint64_t x4 __asm__("x4");
    register uint64_t x5 __asm__("x5");
    register uint64_t x6 __asm__("x6") = registers->a2;
    register int64_t x7 __asm__("x7") = (int64_t)number;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "=r"(x2), "=r"(x3), "=r"(x4), "=r"(x5), "+r"(x6), "+r"(x7)
                     :
                     : "memory");
    registers->a0 = x0;
    registers->a1 = x1;
    registers->a2 = x6;
    registers->m0 = x2;
    registers->m1 = x3;
    registers->m2 = x4;
    registers->m3 = x5;
    return x7;
}

/* As system_call, without message registers: for the vCPU loop. */
static inline __attribute__((always_inline)) int64_t system_call_short(uint64_t number, uint64_t *a0, uint64_t *a1,
                                                                       uint64_t *a2)
{
    register uint64_t x0 __asm__("x0") = *a0;
    register uint64_t x1 __asm__("x1") = *a1;
    register uint64_t x6 __asm__("x6") = *a2;
    register int64_t x7 __asm__("x7") = (int64_t)number;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1), "+r"(x6), "+r"(x7) : : "x2", "x3", "x4", "x5", "memory");
    *a0 = x0;
    *a1 = x1;
    *a2 = x6;
    return x7;
}
