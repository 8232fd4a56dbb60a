/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions while the loader runs: all are reported and end it. */

    .section .text.exceptions, "ax"
    .code64

    .balign 16
    .globl exception_stubs
exception_stubs:
    .irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .balign 16
    /* These push an error code themselves. */
    .if !(\vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30)
    pushq $0
    .endif
    pushq $\vector
    jmp exception_common
    .endr

exception_common:
    movq (%rsp), %rdi    /* vector */
    movq 8(%rsp), %rsi   /* error code */
    movq 16(%rsp), %rdx  /* RIP */
    movq %cr2, %rcx
    andq $-16, %rsp
    call exception_report
1:  hlt
    jmp 1b

    .section .note.GNU-stack, "", @progbits
