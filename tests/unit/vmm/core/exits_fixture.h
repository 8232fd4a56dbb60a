/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU whose exits a test makes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vmm/arch/execution.h>

#include "machine_fixture.h"

static struct machine_fixture f;

static inline int set_up(void **state)
{
    (void)state;
    static const uint8_t nop[] = {0x90};
    fixture_start(&f, nop, sizeof(nop));
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    fixture_destroy(&f);
    return 0;
}

static inline struct vcpu_arch_state *guest(void)
{
    return &f.pages[0].state;
}

static inline struct vcpu_control *control(void)
{
    return &f.pages[0].control;
}

static inline void handle(void)
{
    vmm_handle_exit(&f.vm->vcpus[0]);
}

/* Exception queued for the guest, -1: none. */
static inline int exception(void)
{
    uint64_t event = control()->event;
    if ((event & VCPU_EVENT_VALID) == 0 || (event >> 8 & 7) != VCPU_EVENT_EXCEPTION) {
        return -1;
    }
    return (int)(event & 0xff);
}

static inline void cpuid(uint32_t leaf, uint32_t subleaf)
{
    fixture_exit(&f, VCPU_EXIT_CPUID);
    guest()->rip = FIXTURE_CODE;
    fixture_set_code(&f, "\x0f\xa2", 2);
    guest()->gpr[VCPU_RAX] = leaf | 0xffffffff00000000;
    guest()->gpr[VCPU_RCX] = subleaf | 0xffffffff00000000;
    handle();
    assert_int_equal(guest()->rip, FIXTURE_CODE + 2);
    assert_true((control()->dirty & VCPU_STATE_BASIC) != 0);
    assert_true((guest()->gpr[VCPU_RAX] | guest()->gpr[VCPU_RBX] | guest()->gpr[VCPU_RCX] | guest()->gpr[VCPU_RDX]) <=
                UINT32_MAX);
}

static inline void set_msr_exit(uint32_t index, bool write)
{
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_MSR);
    page->exit.msr = (struct vcpu_exit_msr){.index = index, .write = write};
    control()->event = 0;
    guest()->rip = FIXTURE_CODE;
    fixture_set_code(&f, write ? "\x0f\x30" : "\x0f\x32", 2);
}

static inline bool write_msr(uint32_t index, uint64_t value)
{
    set_msr_exit(index, true);
    guest()->gpr[VCPU_RAX] = value & UINT32_MAX;
    guest()->gpr[VCPU_RDX] = value >> 32;
    handle();
    bool done = exception() < 0;
    assert_int_equal(guest()->rip, FIXTURE_CODE + (done ? 2 : 0));
    if (!done) {
        assert_int_equal(exception(), EXCEPTION_GP);
    }
    return done;
}

static inline bool read_msr(uint32_t index, uint64_t *value)
{
    set_msr_exit(index, false);
    handle();
    if (exception() >= 0) {
        assert_int_equal(exception(), EXCEPTION_GP);
        return false;
    }
    *value = guest()->gpr[VCPU_RDX] << 32 | guest()->gpr[VCPU_RAX];
    return true;
}

static inline uint64_t msr(uint32_t index)
{
    uint64_t value = 0;
    assert_true(read_msr(index, &value));
    return value;
}
