/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of a guest whose handlers all call exception(vector, frame). */
#define FIRST_HANDLER entry_table
#define HANDLER_SIZE  16

    .macro more_handlers
    .endm

#include "../../../bare/arch/x86_64/entry.S"

/* 16 bytes each. Vectors with an error code keep it, others get 0. */
    .text
    .balign 16
entry_table:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
    .else
    pushq $0
    .endif
    pushq $vector
    jmp common
    .set vector, vector + 1
    .endr
    .balign 16
common:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    cld
    movq 88(%rsp), %rdi
    leaq 96(%rsp), %rsi
    call exception
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq
