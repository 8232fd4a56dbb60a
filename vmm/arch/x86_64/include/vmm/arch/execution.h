/* SPDX-License-Identifier: BSD-2-Clause */
/* Acting for the guest: registers, events, memory, and one function per kind of exit. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/arch/instruction.h>
#include <vmm/arch/registers.h>
#include <vmm/vm.h>

/* --- State (execution.c) --- */

/* Groups that the kernel reads at every exit. */
#define EXECUTION_WANT (VCPU_STATE_BASIC | VCPU_STATE_CONTROL)

/* Makes sure that the page holds these groups. False if the kernel refused. */
bool execution_need(struct vcpu_context *vcpu, uint32_t groups);

static inline void execution_dirty(struct vcpu_context *vcpu, uint32_t groups)
{
    vcpu->page->control.dirty |= groups;
}

enum instruction_mode execution_mode(struct vcpu_context *vcpu);

/* The instruction that exited is done: the guest goes on after it. `length` in
 * bytes; 0: as the kernel says, or found by decoding. If that fails, the guest
 * gets an exception and false is returned: look before you act, where acting
 * cannot be undone. */
bool execution_advance(struct vcpu_context *vcpu, uint32_t length);
/* Length of the instruction that exited, for execution_advance(); 0: it cannot be
 * found, and the guest got an exception. */
uint32_t execution_length(struct vcpu_context *vcpu);

/* General register `number` as `width` bytes. Writing 4 bytes clears the upper half. */
uint64_t register_read(const struct vcpu_context *vcpu, uint8_t number, uint8_t width, bool high_byte);
void register_write(struct vcpu_context *vcpu, uint8_t number, uint8_t width, bool high_byte, uint64_t value);

static inline uint64_t width_mask(uint32_t width)
{
    return width >= 8 ? UINT64_MAX : (1ull << (8 * width)) - 1;
}

/* --- Events (event.c) --- */

/* Queues an exception for the next entry, by the rules for exceptions during
 * the delivery of others. error_code is used where the vector has one. */
void event_exception(struct vcpu_context *vcpu, enum x86_exception vector, uint32_t error_code);
void event_page_fault(struct vcpu_context *vcpu, uint64_t linear, uint32_t error_code);
/* At the end of a handler: requests of other vCPUs, NMI, interrupts, windows. */
void event_prepare_entry(struct vcpu_context *vcpu);
/* The TPR may have changed in the guest, where an interrupt may have ended too, or in the local APIC by a register
 * write. */
void event_sync_priority_in(struct vcpu_context *vcpu);
void event_sync_priority_out(struct vcpu_context *vcpu);
/* struct timer of vcpu_arch. */
void event_priority_timer(void *vcpu, uint64_t now);

/* --- Ends of interrupts without an exit (eoi_flag.c) --- */

/* MSR_KVM_PV_EOI_EN. False: #GP(0). */
bool eoi_flag_read(struct vcpu_context *vcpu, uint32_t index, uint64_t *value);
bool eoi_flag_write(struct vcpu_context *vcpu, uint32_t index, uint64_t value);
/* An interrupt was just accepted: lets the guest end it so, if it can and if nothing else is to be done then. */
void eoi_flag_offer(struct vcpu_context *vcpu);
/* While offered, after the guest ran: ends the interrupt if the guest did. */
void eoi_flag_collect(struct vcpu_context *vcpu);
/* While offered, before the guest runs: takes it back if now there is something to be done at the interrupt's end. */
void eoi_flag_review(struct vcpu_context *vcpu);

/* --- Memory (memory.c) --- */

enum access_result {
    ACCESS_DONE = 0,
    ACCESS_FAULT,  /* the guest got its exception */
    ACCESS_FAILED, /* cannot be done: the VM stops, with a reason */
};

/* Guest-physical access as a device or RAM answers it. width: 1, 2, 4, 8. */
void physical_read(struct vcpu_context *vcpu, uint64_t gpa, uint32_t width, uint64_t *value);
void physical_write(struct vcpu_context *vcpu, uint64_t gpa, uint32_t width, uint64_t value);
/* Linear to guest-physical, with the guest's permissions; delivers the #PF. */
enum access_result linear_translate(struct vcpu_context *vcpu, uint64_t linear, bool write, uint64_t *gpa);
enum access_result linear_read(struct vcpu_context *vcpu, uint64_t linear, uint32_t width, uint64_t *value);
enum access_result linear_write(struct vcpu_context *vcpu, uint64_t linear, uint32_t width, uint64_t value);
/* Linear address of offset `address` in a segment (0 ES .. 5 GS), `address_width` bytes wide. */
uint64_t segment_linear(struct vcpu_context *vcpu, uint8_t segment, uint64_t address, uint8_t address_width);

/* --- Instructions (alu.c, emulate.c, string.c) --- */

/* Result of a two-operand operation and its effect on RFLAGS; *write: the result goes to the destination. */
uint64_t alu_compute(enum instruction_operation operation, uint8_t width, uint64_t destination, uint64_t source,
                     uint64_t *rflags, bool *write);

/* Carries out an instruction whose memory operand made page->exit. */
enum access_result emulate_memory_instruction(struct vcpu_context *vcpu, const struct instruction *instruction);
enum access_result emulate_string(struct vcpu_context *vcpu, const struct instruction *instruction);

/* --- Exits --- */

void exit_memory(struct vcpu_context *vcpu);
void exit_port_io(struct vcpu_context *vcpu);
void exit_cpuid(struct vcpu_context *vcpu);
void exit_msr(struct vcpu_context *vcpu);
void exit_control_register(struct vcpu_context *vcpu);
void exit_set_xcr(struct vcpu_context *vcpu);

/* --- Reset (reset.c) --- */

/* Power-on state (AMD APM vol. 2 §14.1.3): the real-mode reset vector. */
void reset_registers(struct vcpu_context *vcpu);
/* As left by STARTUP: real mode at vector × 4 KiB. */
void reset_start_at(struct vcpu_context *vcpu, uint8_t vector);
/* 64-bit mode, flat segments, ready for page->state.cr3, rip and rsp to be filled in. */
void reset_long_mode(struct vcpu_context *vcpu, uint64_t gdt_gpa);
void reset_msrs(struct vcpu_context *vcpu);
