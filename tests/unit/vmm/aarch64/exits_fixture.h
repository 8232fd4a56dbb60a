/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU of AArch64 whose exits a test makes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arm_fixture.h"

#define UNDEFINED     (0x00ull << 26 | 1ull << 25)
#define VBAR          0xffff800008010800ull
#define EL1_RESET     0x3c5ull
#define ID_AA64PFR0   SYSREG(3, 0, 0, 4, 0)
#define ID_AA64DFR0   SYSREG(3, 0, 0, 5, 0)
#define ID_AA64ISAR0  SYSREG(3, 0, 0, 6, 0)
#define ID_AA64MMFR0  SYSREG(3, 0, 0, 7, 0)
#define CNTPCT_EL0    SYSREG(3, 3, 14, 0, 1)
#define CNTP_TVAL_EL0 SYSREG(3, 3, 14, 2, 0)
#define CNTP_CTL_EL0  SYSREG(3, 3, 14, 2, 1)
#define CNTP_CVAL_EL0 SYSREG(3, 3, 14, 2, 2)
#define TIMER_BIT     (1u << GUEST_PPI_VIRTUAL_TIMER)

static struct arm_fixture fixture;

static inline int set_up(void **state)
{
    fixture_start(&fixture, 3, 1);
    fixture.pages[0].state.vbar_el1 = VBAR;
    *state = &fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    fixture_destroy(*state);
    return 0;
}

static inline struct vcpu_context *vcpu(struct arm_fixture *f)
{
    return &f->vm->vcpus[0];
}
