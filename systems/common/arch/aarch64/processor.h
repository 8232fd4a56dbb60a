/* SPDX-License-Identifier: BSD-2-Clause */
/* What test programs must know about the processor that they run on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>
#include <skyscope/syscall.h>

#define CONTEXT_WORDS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

/* The lowest address of the first thread's stack pages, whatever their size. */
#define FIRST_STACK 0x7ffeffc000ull

static inline seL4_Word context_ip(const seL4_UserContext *context)
{
    return context->pc;
}

static inline seL4_Word context_sp(const seL4_UserContext *context)
{
    return context->sp;
}

/* The register whose value load_through_register() takes for an address. */
static inline seL4_Word *context_address_register(seL4_UserContext *context)
{
    return &context->x8;
}

/* Of a program that was interrupted: EL0, nothing masked. */
static inline bool context_flags_valid(const seL4_UserContext *context)
{
    return (context->spsr & 0x3df) == 0;
}

/* A register that comes after those two in the context's order. */
static inline bool context_third_is_zero(const seL4_UserContext *context)
{
    return context->spsr == 0;
}

#define SYNDROME_CLASS(esr) ((esr) >> 26 & 0x3f)

/* status: a seL4_VMFault_FSR. */
static inline bool fault_is_write(seL4_Word status)
{
    return (status & 0x40) != 0;
}

/* number: a seL4_UserException_Number. */
static inline bool is_invalid_instruction(seL4_Word number)
{
    return SYNDROME_CLASS(number) == 0;
}

static inline bool is_fpu_not_available(seL4_Word number)
{
    return SYNDROME_CLASS(number) == 7;
}

/* Bytes of the instruction that invalid_instruction() runs. */
#define INVALID_INSTRUCTION_SIZE 4u

/* Faults with an invalid instruction. Whether the registers are what they were, when
 * a parent lets it go on behind that instruction. */
static inline bool invalid_instruction(uint64_t seed)
{
    register uint64_t a __asm__("x0") = seed;
    register uint64_t b __asm__("x9") = seed + 1;
    register uint64_t c __asm__("x18") = seed + 2;
    register uint64_t d __asm__("x28") = seed + 3;
    __asm__ volatile("udf #0" : "+r"(a), "+r"(b), "+r"(c), "+r"(d) : : "memory");
    return a == seed && b == seed + 1 && c == seed + 2 && d == seed + 3;
}

/* Loads from `address` through a register that the parent may change when it faults. */
static inline uint64_t load_through_register(uint64_t address)
{
    register uint64_t x8 __asm__("x8") = address;
    uint64_t value;
    __asm__ volatile("ldr %0, [%1]" : "=r"(value), "+r"(x8) : : "memory");
    return value;
}

/* Changes what the processor lets programs change, and a kernel should not rely on. */
static inline void disturb_processor_state(void)
{
    __asm__ volatile("msr tpidr_el0, %0\n\tmsr nzcv, %1" : : "r"(~0ull), "r"(0xf0000000ull) : "cc");
}

/* Is it as the kernel gives it to each program? */
static inline bool processor_state_clear(void)
{
    uint64_t thread_pointer, read_only;
    __asm__ volatile("mrs %0, tpidr_el0\n\tmrs %1, tpidrro_el0" : "=r"(thread_pointer), "=r"(read_only));
    return (thread_pointer | read_only) == 0;
}

/* A vector register. */
static inline void keep_in_vector_register(uint64_t value)
{
    __asm__ volatile(".arch_extension fp\n\tfmov d7, %0" : : "r"(value));
}

static inline uint64_t kept_in_vector_register(void)
{
    uint64_t value;
    __asm__ volatile(".arch_extension fp\n\tfmov %0, d7" : "=r"(value));
    return value;
}

/* SYSCALL_PD_CONTROL without libmicrokit. */
static inline int64_t raw_pd_control(uint64_t child, uint64_t operation, uint64_t entry_point)
{
    register uint64_t x0 __asm__("x0") = child;
    register uint64_t x1 __asm__("x1") = operation;
    register uint64_t x6 __asm__("x6") = entry_point;
    register int64_t x7 __asm__("x7") = SYSCALL_PD_CONTROL;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1), "+r"(x6), "+r"(x7) : : "x2", "x3", "x4", "x5", "memory");
    return x7;
}
