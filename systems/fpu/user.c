/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps values in all vector registers while others of its kind do the same. */
#include <base/memory.h>
#include <microkit.h>
#include <stdint.h>

#include "../common/report.h"

#define LOOKS 400u

static uint8_t values[16][16] __attribute__((aligned(16)));
static uint8_t found[16][16] __attribute__((aligned(16)));

#define EACH_REGISTER(instruction)                                                                                     \
    instruction(0) instruction(1) instruction(2) instruction(3) instruction(4) instruction(5) instruction(6)           \
        instruction(7) instruction(8) instruction(9) instruction(10) instruction(11) instruction(12) instruction(13)   \
            instruction(14) instruction(15)
#define LOAD(n)  "movdqa " #n "*16(%0), %%xmm" #n "\n\t"
#define STORE(n) "movdqa %%xmm" #n ", " #n "*16(%0)\n\t"

static void load_registers(void)
{
    __asm__ volatile(EACH_REGISTER(LOAD) : : "r"(values) : "memory");
}

static void store_registers(void)
{
    __asm__ volatile(EACH_REGISTER(STORE) : : "r"(found) : "memory");
}

static uint32_t control_word(void)
{
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return mxcsr;
}

void init(void)
{
    check(control_word() == 0x1f80, "SSE control word as after reset");
    store_registers();
    bool zero = true;
    for (unsigned int i = 0; i < sizeof(found); i++) {
        zero = zero && found[i / 16][i % 16] == 0;
    }
    check(zero, "registers are zero at first");
    /* Differs from the others': the name does. */
    for (unsigned int i = 0; i < sizeof(values); i++) {
        values[i / 16][i % 16] = (uint8_t)(microkit_name[4] * 31 + (int)i);
    }
    load_registers();
    for (unsigned int i = 0; i < LOOKS; i++) {
        for (volatile unsigned int j = 0; j < 20000; j++) {
        }
        if (i % 8 == 0) {
            seL4_Yield();
        }
        store_registers();
        if (memcmp(values, found, sizeof(values)) != 0) {
            report("WRONG values in look %u", i);
            return;
        }
    }
    report("kept its values");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
