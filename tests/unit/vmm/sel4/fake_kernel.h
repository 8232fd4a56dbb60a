/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's side of one vCPU: what its invocations find and leave. */
#pragma once

#include <microkit.h>

#define FAKE_CHILD 3u
#define FAKE_LISTS 4u

struct fake_kernel {
    seL4_Word message[64];
    seL4_UserContext thread;
    seL4_Word vcpu[FAKE_VCPU_REGISTERS];
    bool running;              /* the thread may run, or would with a reply */
    uint16_t list[FAKE_LISTS]; /* INTID, 0: free */
    uint8_t priority[FAKE_LISTS], group[FAKE_LISTS];
    bool refuses[FAKE_LISTS]; /* a list register that is active by what the kernel saved */
    unsigned int reads, writes, registers_read, registers_written, injections, acknowledged, stops, resumes,
        timer_reads;
};
extern struct fake_kernel kernel;

void fake_kernel_reset(void);
