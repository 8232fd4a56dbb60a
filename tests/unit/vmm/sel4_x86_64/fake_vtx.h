/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's side of one vCPU on x86-64: a VMCS, as far as a program may see it, and the registers besides. */
#pragma once

#include <microkit.h>

#define FAKE_CHILD  2u
#define FAKE_FIELDS 0x7000u
#define FAKE_MSRS   4u /* from STAR on */

struct fake_vtx {
    seL4_Word message[SEL4_VMENTER_NUM_FAULT_MSGS];
    seL4_Word vmcs[FAKE_FIELDS];
    seL4_VCPUContext registers;
    seL4_Word msr[FAKE_MSRS];
    bool on;
    unsigned int reads, writes, register_writes; /* invocations: RIP, controls and event are none */
};
extern struct fake_vtx vtx;

void fake_vtx_reset(void);
/* The guest ran, and exits: the event was delivered, and the message tells what seL4's does. */
void fake_vtx_exit(uint32_t reason, uint64_t qualification, uint32_t length, uint64_t physical);
