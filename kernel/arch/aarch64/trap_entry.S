/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways into the kernel and out of it. Registers of a thread go straight into its
 * struct thread, which begins with struct user_frame and to which SP_EL2 points while
 * a PD runs; then the CPU's one kernel stack is used, from its top: nothing on it
 * survives the way out. Guests have other vectors: see vcpu/.
 */
#include <arch/frame.h>
#include <arch/percpu.h>
#include <arch/traps.h>

#define EC_SVC64 0x15

    /* Leaves: X0 struct percpu, SP the kernel's stack. */
    .macro ENTER_FROM_USER
    stp x0, x1, [sp]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    mrs x0, tpidr_el2
    mrs x1, elr_el2
    mrs x2, spsr_el2
    mrs x3, sp_el0
    mrs x4, tpidr_el0
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    stp x30, x3, [sp, #240]
    ldr x3, [x0, #PERCPU_STACK_TOP]
    stp x1, x2, [sp, #FRAME_PC]
    str x4, [sp, #FRAME_TPIDR]
    mov sp, x3
    .endm

    /* X1: ESR_EL2. */
    .macro KEEP_SYNDROME
    mrs x2, far_el2
    ldr x3, [x0, #PERCPU_CURRENT]
    stp x1, x2, [x3, #FRAME_ESR]
    .endm

    /* An exception that the kernel itself cannot have. User registers of no use any more
     * make room. */
    .macro BUG kind
    .balign 128
    msr tpidrro_el0, x0
    msr tpidr_el0, x1
    mov x0, #\kind
    b trap_bug
    .endm

    .section .text.vectors, "ax"
    .balign 2048
    .globl trap_vectors
trap_vectors:
    /* From EL2 with SP_EL0, which is never selected. */
    BUG TRAP_BUG_SYNCHRONOUS
    BUG TRAP_BUG_INTERRUPT
    BUG TRAP_BUG_INTERRUPT
    BUG TRAP_BUG_SERROR
    /* From EL2, where everything is masked. */
    BUG TRAP_BUG_SYNCHRONOUS
    BUG TRAP_BUG_INTERRUPT
    BUG TRAP_BUG_INTERRUPT
    BUG TRAP_BUG_SERROR
    /* From a PD. */
    .balign 128
    ENTER_FROM_USER
    mrs x1, esr_el2
    lsr w2, w1, #26
    cmp w2, #EC_SVC64
    b.ne exception_from_user
    b system_call
    .balign 128
    ENTER_FROM_USER
    b interrupt_from_user
    .balign 128
    ENTER_FROM_USER
    b interrupt_from_user
    .balign 128
    ENTER_FROM_USER
    b error_from_user
    /* From AArch32, which no PD runs in. */
    BUG TRAP_BUG_SYNCHRONOUS
    BUG TRAP_BUG_INTERRUPT
    BUG TRAP_BUG_INTERRUPT
    BUG TRAP_BUG_SERROR

    .text
    .balign 64
system_call:
    bl trap_system_call_handle

    .globl return_to_user
return_to_user:
    mrs x0, tpidr_el2
    ldr x0, [x0, #PERCPU_CURRENT]
    mov sp, x0
    ldp x1, x2, [sp, #FRAME_PC]
    ldp x3, x4, [sp, #FRAME_TPIDR]
    ldp x30, x5, [sp, #240]
    msr elr_el2, x1
    msr spsr_el2, x2
    msr sp_el0, x5
    msr tpidr_el0, x3
    msr tpidrro_el0, x4
    ldp x28, x29, [sp, #224]
    ldp x26, x27, [sp, #208]
    ldp x24, x25, [sp, #192]
    ldp x22, x23, [sp, #176]
    ldp x20, x21, [sp, #160]
    ldp x18, x19, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp]
    eret
    /* Nothing is executed by speculation past here. */
    dsb nsh
    isb

    .balign 64
exception_from_user:
    KEEP_SYNDROME
    bl trap_exception_handle
    b return_to_user

    .balign 64
interrupt_from_user:
    bl trap_interrupt_handle
    b return_to_user

    .balign 64
error_from_user:
    mrs x1, esr_el2
    KEEP_SYNDROME
    bl trap_error_handle
    b return_to_user

    /* X0, X1: in TPIDRRO_EL0, TPIDR_EL0; X0: kind. The stack may have been what
     * failed: on another one. */
    .balign 64
trap_bug:
    mrs x1, tpidr_el2
    ldr x1, [x1, #PERCPU_EMERGENCY_TOP]
    sub x1, x1, #FRAME_SIZE
    stp x2, x3, [x1, #16]
    stp x4, x5, [x1, #32]
    stp x6, x7, [x1, #48]
    stp x8, x9, [x1, #64]
    stp x10, x11, [x1, #80]
    stp x12, x13, [x1, #96]
    stp x14, x15, [x1, #112]
    stp x16, x17, [x1, #128]
    stp x18, x19, [x1, #144]
    stp x20, x21, [x1, #160]
    stp x22, x23, [x1, #176]
    stp x24, x25, [x1, #192]
    stp x26, x27, [x1, #208]
    stp x28, x29, [x1, #224]
    mov x2, sp
    stp x30, x2, [x1, #240]
    mrs x2, elr_el2
    mrs x3, spsr_el2
    stp x2, x3, [x1, #FRAME_PC]
    mrs x2, esr_el2
    mrs x3, far_el2
    stp x2, x3, [x1, #FRAME_ESR]
    mrs x2, tpidrro_el0
    mrs x3, tpidr_el0
    stp x2, x3, [x1]
    mov sp, x1
    mov x1, x0
    mov x0, sp
    mov x29, xzr
    bl trap_bug_handle
    brk #0

    .section .note.GNU-stack, "", @progbits
