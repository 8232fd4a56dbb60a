/* SPDX-License-Identifier: BSD-2-Clause */
/* Acting for the guest: registers, exceptions, memory, and one function per kind of exit. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/arch/registers.h>
#include <vmm/vm.h>

/* --- State (execution.c) --- */

/* Groups that the kernel reads at every exit: where the guest's timer stands is needed by each WFI. */
#define EXECUTION_WANT VCPU_STATE_TIMER

/* Makes sure that the page holds these groups. False if the kernel refused; the VM then stops. */
bool execution_need(struct vcpu_context *vcpu, uint32_t groups);

static inline void execution_dirty(struct vcpu_context *vcpu, uint32_t groups)
{
    vcpu->page->control.dirty |= groups;
}

/* The instruction that exited is done: the guest goes on after it. */
static inline void execution_advance(struct vcpu_context *vcpu)
{
    struct vcpu_page *page = vcpu->page;
    page->state.pc += __builtin_expect(page->exit.instruction_length == 2, 0) ? 2 : 4;
    page->state.pstate &= ~(PSTATE_BTYPE | PSTATE_SS);
}

/* General register 0..30; 31 is the zero register. */
static inline uint64_t register_read(const struct vcpu_context *vcpu, uint32_t number)
{
    return number < VCPU_GPR_COUNT ? vcpu->page->state.gpr[number] : 0;
}

static inline void register_write(struct vcpu_context *vcpu, uint32_t number, uint64_t value)
{
    if (number < VCPU_GPR_COUNT) {
        vcpu->page->state.gpr[number] = value;
    }
}

static inline uint64_t width_mask(uint32_t width)
{
    return width >= 8 ? UINT64_MAX : (1ull << (8 * width)) - 1;
}

/* `value` of `width` bytes as a load leaves it in a register of `register_width` bytes (4 or 8). */
static inline uint64_t extend_value(uint64_t value, uint32_t width, bool sign_extend, uint32_t register_width)
{
    if (sign_extend && width < 8) {
        uint32_t shift = 64 - 8 * width;
        value = (uint64_t)((int64_t)(value << shift) >> shift);
    }
    return value & width_mask(register_width);
}

/* --- Exceptions (exception.c): the guest goes on at its vector for synchronous exceptions of EL1 --- */

/* The instruction is not there. */
void exception_undefined(struct vcpu_context *vcpu);
struct abort {
    uint32_t status; /* enum fault_status, with its level */
    bool fetch;      /* an instruction abort */
    bool write;
    bool address_valid;
    uint64_t address; /* virtual */
};
void exception_abort(struct vcpu_context *vcpu, const struct abort *abort);

/* --- Interrupts and sleep (interrupt.c) --- */

/* WFI. */
void exit_halt(struct vcpu_context *vcpu);
/* VCPU_EXIT_TIMER. */
void exit_timer(struct vcpu_context *vcpu);
/* The vCPU sleeps until an interrupt, then goes on where it is, or at start_address. */
void interrupt_wait(struct vcpu_context *vcpu);
void interrupt_prepare_entry(struct vcpu_context *vcpu);
/* At an exit, when the page says where the virtual timer stands. */
void interrupt_sync_timer(struct vcpu_context *vcpu);
/* At the VM's start: no sleep, no timer. */
void interrupt_reset(struct vcpu_context *vcpu);
/* struct timer of vcpu_arch. */
void interrupt_virtual_timer(void *vcpu, uint64_t now);

/* --- Memory (memory.c, load_store.c) --- */

enum access_result {
    ACCESS_DONE = 0,
    ACCESS_FAULT, /* the guest got its exception, or the VM stops */
    ACCESS_RETRY, /* nothing done: the guest executes the instruction again */
};

/* Guest-physical access as a device or RAM answers it; false: nothing is there. width: 1, 2, 4, 8. */
bool physical_read(struct vcpu_context *vcpu, uint64_t gpa, uint32_t width, uint64_t *value);
bool physical_write(struct vcpu_context *vcpu, uint64_t gpa, uint32_t width, uint64_t value);
/* Carries out the instruction at pc, which made page->exit, a memory access. */
enum access_result emulate_load_store(struct vcpu_context *vcpu);
/* Logs the access and lets the guest have an external abort for it. */
void memory_external_abort(struct vcpu_context *vcpu, const char *what);

/* --- Exits --- */

void exit_memory(struct vcpu_context *vcpu);
void exit_system_register(struct vcpu_context *vcpu);
/* HVC and SMC. */
void exit_call(struct vcpu_context *vcpu);

/* --- Debug registers (debug_register.c), physical timer (physical_timer.c): false if there is no such register --- */

bool debug_register_access(struct vcpu_context *vcpu, uint32_t encoding, bool write, uint64_t *value);
bool physical_timer_access(struct vcpu_context *vcpu, uint32_t encoding, bool write, uint64_t *value);
void physical_timer_reset(struct vcpu_context *vcpu);
/* struct timer of vcpu_arch. */
void physical_timer_expired(void *vcpu, uint64_t now);

/* --- Calls to firmware (psci.c, smccc.c) --- */

/* SMC Calling Convention (DEN 0028): function id in X0, arguments in X1.., result in X0..X3. */
void smccc_call(struct vcpu_context *vcpu);
/* PSCI's function ids; false: not one of them, or not offered. */
bool psci_call(struct vcpu_context *vcpu, uint32_t function, int64_t *result);
bool psci_has(uint32_t function);

/* --- Reset (reset.c) --- */

/* Power-on state: EL1h, MMU and caches off, interrupts masked, at address 0. */
void reset_registers(struct vcpu_context *vcpu);
/* The same, but at `address` with `context` in X0: how PSCI and boot protocols start a CPU. */
void reset_start_at(struct vcpu_context *vcpu, uint64_t address, uint64_t context);
