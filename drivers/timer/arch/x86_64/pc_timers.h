/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timers of a PC whose interrupt is at pin 2 of the first IOAPIC: the HPET, which
 * takes the place of the interval timer there if it is told to, or else that one. Times
 * are in ticks of the host clock, whose frequency is in Hz and not 0.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct hpet {
    volatile uint32_t *registers;
    uint64_t frequency; /* Hz */
};

/* False: there is no HPET, or none that can be used. registers: 1 KiB. now: the host clock. */
bool hpet_init(struct hpet *hpet, volatile uint32_t *registers, uint64_t (*now)(void), uint64_t frequency);
/* One interrupt in `ticks`, or in 16 s if that is less. */
void hpet_arm(struct hpet *hpet, uint64_t ticks, uint64_t frequency);

/* Ditto, or in 55 ms. */
void pit_arm(uint64_t ticks, uint64_t frequency);
/* What it counts for that: 1 to 0xffff. */
uint32_t pit_count(uint64_t ticks, uint64_t frequency);
