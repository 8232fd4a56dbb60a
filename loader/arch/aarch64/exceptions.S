/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions while the loader runs: all are reported and end it. */

    .section .text.exceptions, "ax"
    .balign 2048
    .globl exception_vectors
exception_vectors:
    .irp vector, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .balign 128
    mov x0, #\vector
    b exception_common
    .endr

exception_common:
    /* The stack may be what is wrong. */
    adrp x1, exception_stack_top
    add x1, x1, :lo12:exception_stack_top
    mov sp, x1
    mov x29, xzr
    mrs x1, esr_el2
    mrs x2, elr_el2
    mrs x3, far_el2
    bl exception_report
1:  wfi
    b 1b

    .section .bss.exceptions, "aw", @nobits
    .balign 16
    .skip 4096
exception_stack_top:

    .section .note.GNU-stack, "", @progbits
