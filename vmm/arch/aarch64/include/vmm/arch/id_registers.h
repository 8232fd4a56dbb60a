/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest's identification registers say: of the host CPU's features those
 * that kernel and VMM carry, and nothing else. A register that is not known here
 * reads as zero: "not there".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ID_REGISTER_COUNT 64u /* Op0 3, Op1 0, CRn 0: CRm 0..7, Op2 0..7 */

struct id_registers {
    uint32_t gic_version; /* of the guest: 2 or 3 */
    /* First seen value each, so that all vCPUs read the same though CPUs may differ. */
    uint64_t known[ID_REGISTER_COUNT];
    uint64_t known_mask; /* bit per register */
};

/* True for Op0 3, Op1 0, CRn 0, CRm 1..7. */
bool id_register_is(uint32_t encoding);
/* The guest's value; host: what the CPU that was asked says. */
uint64_t id_register_read(struct id_registers *registers, uint32_t encoding, uint64_t host);
/* The policy alone: what of the host's value is offered. */
uint64_t id_register_policy(const struct id_registers *registers, uint32_t encoding, uint64_t host);
