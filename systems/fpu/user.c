/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps values in all vector registers while others of its kind do the same. */
#include <base/memory.h>
#include <microkit.h>
#include <stdint.h>

#include <vector_registers.h>

#include "../common/report.h"

#define LOOKS 400u

static uint8_t values[VECTOR_REGISTERS][16] __attribute__((aligned(16)));
static uint8_t found[VECTOR_REGISTERS][16] __attribute__((aligned(16)));

void init(void)
{
    check(control_word_initial(), "FPU control word as after reset");
    store_registers(found);
    bool zero = true;
    for (unsigned int i = 0; i < sizeof(found); i++) {
        zero = zero && found[i / 16][i % 16] == 0;
    }
    check(zero, "registers are zero at first");
    /* Differs from the others': the name does. */
    for (unsigned int i = 0; i < sizeof(values); i++) {
        values[i / 16][i % 16] = (uint8_t)(microkit_name[4] * 31 + (int)i);
    }
    load_registers((const uint8_t(*)[16])values);
    for (unsigned int i = 0; i < LOOKS; i++) {
        for (volatile unsigned int j = 0; j < 20000; j++) {
        }
        if (i % 8 == 0) {
            seL4_Yield();
        }
        store_registers(found);
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
