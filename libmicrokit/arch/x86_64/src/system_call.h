/* SPDX-License-Identifier: BSD-2-Clause */
/* The SYSCALL instruction, as <skyscope/syscall.h> describes its registers. */
#pragma once

#include <stdint.h>

#include <skyscope/syscall.h>

/* Arguments and, afterwards, results. */
struct call_registers {
    uint64_t rdi, rsi, rdx, r10, r8, r9, r15;
};

/* Returns 0 or a negated enum skyscope_status. Always inlined, so that registers
 * that a call does not use cost nothing but their initialisation. */
static inline __attribute__((always_inline)) int64_t system_call(enum skyscope_syscall number,
                                                                 struct call_registers *registers)
{
    int64_t status = (int64_t)number;
    register uint64_t r10 __asm__("r10") = registers->r10;
    register uint64_t r8 __asm__("r8") = registers->r8;
    register uint64_t r9 __asm__("r9") = registers->r9;
    register uint64_t r15 __asm__("r15") = registers->r15;
    __asm__ volatile("syscall"
                     : "+a"(status), "+D"(registers->rdi), "+S"(registers->rsi), "+d"(registers->rdx), "+r"(r10),
                       "+r"(r8), "+r"(r9), "+r"(r15)
                     :
                     : "rcx", "r11", "memory");
    registers->r10 = r10;
    registers->r8 = r8;
    registers->r9 = r9;
    registers->r15 = r15;
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
                     : "+a"(status), "+D"(registers->rdi), "+S"(registers->rsi), "+d"(registers->rdx), "=r"(r10),
                       "=r"(r8), "=r"(r9), "=r"(r15)
                     :
                     : "rcx", "r11", "memory");
    registers->r10 = r10;
    registers->r8 = r8;
    registers->r9 = r9;
    registers->r15 = r15;
    return status;
}

/* As system_call, without message registers: for the vCPU loop. */
static inline __attribute__((always_inline)) int64_t system_call_short(uint64_t number, uint64_t *rdi, uint64_t *rsi,
                                                                       uint64_t *rdx)
{
    int64_t status = (int64_t)number;
    __asm__ volatile("syscall"
                     : "+a"(status), "+D"(*rdi), "+S"(*rsi), "+d"(*rdx)
                     :
                     : "rcx", "r11", "r8", "r9", "r10", "r15", "memory");
    return status;
}
