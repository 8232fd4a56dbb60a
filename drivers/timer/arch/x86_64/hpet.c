/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IA-PC HPET (specification 1.0a): comparator 0, whose interrupt takes that of the
 * interval timer's place (legacy replacement), an edge. 32 bits of the counter do.
 */
#include "pc_timers.h"

/* Indices of 32-bit words. */
enum {
    WORD_CAPABILITIES = 0x000 / 4,
    WORD_PERIOD = 0x004 / 4, /* femtoseconds */
    WORD_CONFIGURATION = 0x010 / 4,
    WORD_COUNTER = 0x0f0 / 4,
    WORD_TIMER0 = 0x100 / 4,
    WORD_COMPARATOR0 = 0x108 / 4,
};

#define CAPABILITIES_LEGACY (1u << 15)
#define PERIOD_MAXIMUM      100000000u /* 100 ns, 2.3.4 */
#define PERIOD_MINIMUM      7500000u   /* of those known the fastest has 10 ns; LONGEST_SECONDS take 31 bits */
#define ENABLE              1u
#define LEGACY              2u
#define TIMER_INTERRUPT     (1u << 2)
#define TIMER_32_BITS       (1u << 8)

#define FEMTOSECONDS    1000000000000000ull
#define LONGEST_SECONDS 16u
#define SHORTEST        8u /* the comparator takes a while to be heard */

_Static_assert(FEMTOSECONDS / PERIOD_MINIMUM * LONGEST_SECONDS <= INT32_MAX,
               "what is ahead can be told from what is past");

/* The counter moves within a millisecond. */
static bool counts(const struct hpet *hpet, uint64_t (*now)(void), uint64_t frequency)
{
    uint32_t first = hpet->registers[WORD_COUNTER];
    uint64_t start = now();
    do {
        if (hpet->registers[WORD_COUNTER] != first) {
            return true;
        }
    } while (now() - start < frequency / 1000);
    return false;
}

bool hpet_init(struct hpet *hpet, volatile uint32_t *registers, uint64_t (*now)(void), uint64_t frequency)
{
    uint32_t capabilities = registers[WORD_CAPABILITIES];
    uint32_t period = registers[WORD_PERIOD];
    /* Where there is no device, all bits read as 1, or as 0. */
    if ((capabilities & CAPABILITIES_LEGACY) == 0 || period < PERIOD_MINIMUM || period > PERIOD_MAXIMUM) {
        return false;
    }
    *hpet = (struct hpet){.registers = registers, .frequency = FEMTOSECONDS / period};
    registers[WORD_CONFIGURATION] |= ENABLE;
    if (!counts(hpet, now, frequency)) {
        return false;
    }
    registers[WORD_TIMER0] = TIMER_INTERRUPT | TIMER_32_BITS; /* once, edge */
    registers[WORD_CONFIGURATION] |= LEGACY;
    return true;
}

void hpet_arm(struct hpet *hpet, uint64_t ticks, uint64_t frequency)
{
    if (ticks > LONGEST_SECONDS * frequency) {
        ticks = LONGEST_SECONDS * frequency;
    }
    uint32_t count = (uint32_t)((ticks * hpet->frequency + frequency - 1) / frequency);
    count = count > SHORTEST ? count : SHORTEST;
    /* A comparator that the counter has passed already would wait for it to come round. */
    for (uint32_t again = 0; again < 16; again++) {
        uint32_t target = hpet->registers[WORD_COUNTER] + count;
        hpet->registers[WORD_COMPARATOR0] = target;
        if ((int32_t)(hpet->registers[WORD_COUNTER] - target) < 0) {
            return;
        }
        count *= 2;
    }
}
