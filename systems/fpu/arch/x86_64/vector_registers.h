/* SPDX-License-Identifier: BSD-2-Clause */
/* SSE. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VECTOR_REGISTERS 16u

#define EACH_REGISTER(instruction)                                                                                     \
    instruction(0) instruction(1) instruction(2) instruction(3) instruction(4) instruction(5) instruction(6)           \
        instruction(7) instruction(8) instruction(9) instruction(10) instruction(11) instruction(12) instruction(13)   \
            instruction(14) instruction(15)
#define LOAD(n)  "movdqa " #n "*16(%0), %%xmm" #n "\n\t"
#define STORE(n) "movdqa %%xmm" #n ", " #n "*16(%0)\n\t"

/* values: a multiple of 16 bytes in memory. */
static inline void load_registers(const uint8_t (*values)[16])
{
    __asm__ volatile(EACH_REGISTER(LOAD) : : "r"(values) : "memory");
}

static inline void store_registers(uint8_t (*values)[16])
{
    __asm__ volatile(EACH_REGISTER(STORE) : : "r"(values) : "memory");
}

/* Is the control word what it is after reset? */
static inline bool control_word_initial(void)
{
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return mxcsr == 0x1f80;
}

static inline void use_vector_register(void)
{
    __asm__ volatile("pxor %xmm0, %xmm0");
}
