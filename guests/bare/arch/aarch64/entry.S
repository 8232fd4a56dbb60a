/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a flat guest at EL1, with stage 1 off: a stack for each of two vCPUs, and
 * vectors that all call exception(vector, frame), vector being the number of the entry
 * (0..15). The frame is X0..X30, then ELR_EL1, SPSR_EL1, ESR_EL1.
 */
#define FRAME_SIZE 288

        .section .text.start, "ax"
        .globl start
start:
        msr     daifset, #15
        adrp    x0, stack_end
        add     x0, x0, #:lo12:stack_end
        bl      prepare
        bl      guest_main
1:      wfi
        b       1b

/* The second vCPU, by CPU_ON. */
        .globl second_start
second_start:
        msr     daifset, #15
        adrp    x0, second_stack_end
        add     x0, x0, #:lo12:second_stack_end
        bl      prepare
        bl      second_main
1:      wfi
        b       1b

prepare:
        msr     spsel, #1
        mov     sp, x0
        adrp    x0, vectors
        add     x0, x0, #:lo12:vectors
        msr     vbar_el1, x0
        mov     x0, #(3 << 20) /* floating point */
        msr     cpacr_el1, x0
        isb
        ret

        .macro VECTOR number
        .balign 128
        sub     sp, sp, #FRAME_SIZE
        stp     x0, x1, [sp]
        mov     x0, #\number
        b       common
        .endm

        .text
        .balign 2048
        .globl vectors
vectors:
        VECTOR 0
        VECTOR 1
        VECTOR 2
        VECTOR 3
        VECTOR 4
        VECTOR 5
        VECTOR 6
        VECTOR 7
        VECTOR 8
        VECTOR 9
        VECTOR 10
        VECTOR 11
        VECTOR 12
        VECTOR 13
        VECTOR 14
        VECTOR 15

common:
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        mrs     x1, elr_el1
        stp     x30, x1, [sp, #240]
        mrs     x1, spsr_el1
        mrs     x2, esr_el1
        stp     x1, x2, [sp, #256]
        mov     x1, sp
        bl      exception
        ldp     x30, x1, [sp, #240]
        msr     elr_el1, x1
        ldr     x1, [sp, #256]
        msr     spsr_el1, x1
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x19, [sp, #144]
        ldp     x20, x21, [sp, #160]
        ldp     x22, x23, [sp, #176]
        ldp     x24, x25, [sp, #192]
        ldp     x26, x27, [sp, #208]
        ldp     x28, x29, [sp, #224]
        ldp     x0, x1, [sp]
        add     sp, sp, #FRAME_SIZE
        eret

        .bss
        .balign 16
        .skip 16384
stack_end:
        .skip 16384
second_stack_end:

        .section .note.GNU-stack, "", @progbits
