/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's own page tables (Arm ARM DDI 0487, D8: stage 1 of EL1&0): from
 * virtual to guest-physical addresses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vcpu_context;

enum walk_access {
    WALK_READ = 0,
    WALK_WRITE = 1u << 0,
    WALK_UNPRIVILEGED = 1u << 1, /* as EL0 does it */
    WALK_UNCHECKED = 1u << 2,    /* translate only: no permissions */
};

struct walk_result {
    bool fault;
    uint32_t status; /* of the fault: enum fault_status with its level */
    uint64_t gpa;
};

/* Translates one address by the EL1 group of the vCPU's page, which must be there (execution_need()). A table outside
 * RAM is a fault of status FAULT_EXTERNAL_WALK. */
struct walk_result walk(struct vcpu_context *vcpu, uint64_t address, uint32_t access);
