/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC, in xAPIC or x2APIC mode (AMD APM vol. 2 chapter 16). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/types.h>

/* Vectors. Device interrupts: VECTOR_DEVICE_BASE + Microkit's vector number. */
#define VECTOR_DEVICE_BASE    0x30u
#define VECTOR_TIMER          0xf0u
#define VECTOR_INTERPROCESSOR 0xf1u
#define VECTOR_APIC_ERROR     0xfeu
#define VECTOR_SPURIOUS       0xffu

/* Boot CPU, once: maps the registers. */
void lapic_init(hpa_t address);
/* Each CPU. */
void lapic_cpu_init(void);
uint32_t lapic_id(void);
void lapic_end_of_interrupt(void);
/* Is this vector being served, so that it needs an end of interrupt? */
bool lapic_in_service(uint32_t vector);
void lapic_send(uint32_t apic_id, uint32_t vector);
void lapic_send_nmi_to_others(void);
uint32_t lapic_errors(void);

/* The timer counts down to 0 at some frequency; masked. For calibration. */
void lapic_timer_start(uint32_t count);
uint32_t lapic_timer_current(void);
/* From now on lapic_timer_arm() can be used. */
void lapic_timer_set_ratio(uint64_t tsc_ticks, uint64_t timer_ticks);
/* Interrupts at this TSC value or, if that is far away, earlier. */
void lapic_timer_arm(uint64_t deadline);
