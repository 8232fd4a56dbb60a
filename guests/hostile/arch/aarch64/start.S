/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a flat guest: EL1, stage 1 off, nothing else promised. Gives it a stack
 * and vectors of its own, so that it can try forbidden things and go on. The guest
 * runs on SP_EL0, exceptions on SP_EL1: whatever becomes of the one, the other is right.
 */
    .section .text.start, "ax"
    .globl start
start:
    msr daifset, #15
    msr spsel, #1
    adrp x0, exception_stack_end
    add x0, x0, #:lo12:exception_stack_end
    mov sp, x0
    msr spsel, #0
    adrp x0, stack_end
    add x0, x0, #:lo12:stack_end
    mov sp, x0
    adrp x0, vectors
    add x0, x0, #:lo12:vectors
    msr vbar_el1, x0
    mov x0, #(3 << 20) /* no traps of floating point */
    msr cpacr_el1, x0
    isb
    bl guest_main
1:  msr daifset, #15
    wfi
    b 1b

    .text
/* bool attempt(void (*operation)(uint64_t, uint64_t), uint64_t a, uint64_t b):
 * calls operation(a, b); true if it ended in an exception. */
    .globl attempt
attempt:
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    adrp x9, saved_stack
    add x9, x9, #:lo12:saved_stack
    mov x10, sp
    str x10, [x9]
    mov x9, x0
    mov x0, x1
    mov x1, x2
    blr x9
    mov x0, #0
    b restore
recovered:
    mov x0, #1
restore:
    adrp x9, saved_stack
    add x9, x9, #:lo12:saved_stack
    ldr x10, [x9]
    mov sp, x10
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #96
    ret

/* Every exception ends the attempt under way. */
recover:
    adrp x0, recovered
    add x0, x0, #:lo12:recovered
    msr elr_el1, x0
    mov x0, #0x3c4 /* EL1t, all masked */
    msr spsr_el1, x0
    eret

    .macro VECTOR
    .balign 128
    b recover
    .endm

    .balign 2048
vectors:
    .rept 16
    VECTOR
    .endr

    .bss
    .balign 16
    .skip 16384
stack_end:
    .skip 4096
exception_stack_end:
saved_stack:
    .skip 8

    .section .note.GNU-stack, "", @progbits
