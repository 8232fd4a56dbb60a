/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC of the CPU that calls (Intel SDM volume 3, chapter 11). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether it is in x2APIC mode now. */
bool lapic_is_x2apic(void);
/* Whether the local APICs are to be used in x2APIC mode. */
bool lapic_wants_x2apic(void);
/* Enables it in that mode, with its interrupt sources masked. There is no way back: some processors cannot leave
 * x2APIC mode without a reset. */
void lapic_enable(bool x2apic);
uint32_t lapic_id(void);
/* Sends INIT or a start-up interrupt to another CPU; false if it is not accepted. */
bool lapic_send_init(uint32_t apic_id);
bool lapic_send_startup(uint32_t apic_id, uint64_t page);
