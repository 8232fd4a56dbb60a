/* SPDX-License-Identifier: BSD-2-Clause */
/* Advanced SIMD. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VECTOR_REGISTERS 32u

#define ASSEMBLER ".arch_extension fp\n\t.arch_extension simd\n\t"
#define EACH_PAIR(instruction)                                                                                         \
    instruction(0, 1) instruction(2, 3) instruction(4, 5) instruction(6, 7) instruction(8, 9) instruction(10, 11)      \
        instruction(12, 13) instruction(14, 15) instruction(16, 17) instruction(18, 19) instruction(20, 21)            \
            instruction(22, 23) instruction(24, 25) instruction(26, 27) instruction(28, 29) instruction(30, 31)
#define LOAD(n, m)  "ldp q" #n ", q" #m ", [%0, #" #n "*16]\n\t"
#define STORE(n, m) "stp q" #n ", q" #m ", [%0, #" #n "*16]\n\t"

/* values: a multiple of 16 bytes in memory. */
static inline void load_registers(const uint8_t (*values)[16])
{
    __asm__ volatile(ASSEMBLER EACH_PAIR(LOAD) : : "r"(values) : "memory");
}

static inline void store_registers(uint8_t (*values)[16])
{
    __asm__ volatile(ASSEMBLER EACH_PAIR(STORE) : : "r"(values) : "memory");
}

/* Are control and status register what they are after reset? */
static inline bool control_word_initial(void)
{
    uint64_t fpcr, fpsr;
    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(fpcr), "=r"(fpsr));
    return fpcr == 0 && fpsr == 0;
}

static inline void use_vector_register(void)
{
    __asm__ volatile(ASSEMBLER "movi v0.16b, #0");
}
