/* SPDX-License-Identifier: BSD-2-Clause */
/* What test programs must know about the processor that they run on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>
#include <skyscope/syscall.h>

#define CONTEXT_WORDS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

/* The lowest address of the first thread's stack pages, whatever their size. */
#define FIRST_STACK 0x7fffff000000ull

static inline seL4_Word context_ip(const seL4_UserContext *context)
{
    return context->rip;
}

static inline seL4_Word context_sp(const seL4_UserContext *context)
{
    return context->rsp;
}

/* The register whose value load_through_register() takes for an address. */
static inline seL4_Word *context_address_register(seL4_UserContext *context)
{
    return &context->rax;
}

/* Of a program that was interrupted: with interrupts enabled. */
static inline bool context_flags_valid(const seL4_UserContext *context)
{
    return (context->rflags & 0x200) != 0;
}

/* A register that comes after those two in the context's order. */
static inline bool context_third_is_zero(const seL4_UserContext *context)
{
    return context->rflags == 0;
}

/* status: a seL4_VMFault_FSR. */
static inline bool fault_is_write(seL4_Word status)
{
    return (status & 2) != 0;
}

/* number: a seL4_UserException_Number. */
static inline bool is_invalid_instruction(seL4_Word number)
{
    return number == 6;
}

static inline bool is_fpu_not_available(seL4_Word number)
{
    return number == 7;
}

/* Bytes of the instruction that invalid_instruction() runs. */
#define INVALID_INSTRUCTION_SIZE 2u

/* Faults with an invalid instruction. Whether the registers are what they were, when
 * a parent lets it go on behind that instruction. */
static inline bool invalid_instruction(uint64_t seed)
{
    uint64_t a = seed, b = seed + 1, c = seed + 2, d = seed + 3;
    __asm__ volatile("ud2" : "+a"(a), "+b"(b), "+c"(c), "+d"(d) : : "memory");
    return a == seed && b == seed + 1 && c == seed + 2 && d == seed + 3;
}

/* Loads from `address` through a register that the parent may change when it faults. */
static inline uint64_t load_through_register(uint64_t address)
{
    uint64_t value;
    __asm__ volatile("movq (%%rax), %%rbx" : "=b"(value), "+a"(address) : : "memory");
    return value;
}

/* Changes what the processor lets programs change, and a kernel should not rely on. */
static inline void disturb_processor_state(void)
{
    const unsigned int user_data = 0x23;
    __asm__ volatile("mov %w0, %%ds\n\tmov %w0, %%es\n\tmov %w0, %%fs\n\tmov %w0, %%gs" : : "r"(user_data));
}

/* Is it as the kernel gives it to each program? */
static inline bool processor_state_clear(void)
{
    unsigned int ds, es, fs, gs;
    __asm__ volatile("mov %%ds, %0\n\tmov %%es, %1\n\tmov %%fs, %2\n\tmov %%gs, %3"
                     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    return (ds | es | fs | gs) == 0;
}

/* A vector register. */
static inline void keep_in_vector_register(uint64_t value)
{
    __asm__ volatile("movq %0, %%xmm7" : : "r"(value));
}

static inline uint64_t kept_in_vector_register(void)
{
    uint64_t value;
    __asm__ volatile("movq %%xmm7, %0" : "=r"(value));
    return value;
}

/* SYSCALL_PD_CONTROL without libmicrokit. */
static inline int64_t raw_pd_control(uint64_t child, uint64_t operation, uint64_t entry_point)
{
    int64_t status = SYSCALL_PD_CONTROL;
    __asm__ volatile("syscall"
                     : "+a"(status), "+D"(child), "+S"(operation), "+d"(entry_point)
                     :
                     : "rcx", "r8", "r9", "r10", "r11", "r15", "memory");
    return status;
}
