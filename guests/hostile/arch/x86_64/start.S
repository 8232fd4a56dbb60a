/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a guest that tries forbidden instructions and goes on: every vector of the
 * interrupt table leads to recover.
 */
#define FIRST_HANDLER recover
#define HANDLER_SIZE  0

    .macro more_handlers
    .endm

#include "../../../bare/arch/x86_64/entry.S"

    .text
/* bool attempt(void (*operation)(uint64_t, uint64_t), uint64_t a, uint64_t b):
 * calls operation(a, b); true if it ended in an exception. */
    .globl attempt
attempt:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, saved_stack(%rip)
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    call *%rax
    xorl %eax, %eax
    jmp restore
recover:
    movl $1, %eax
    movl $16, %ecx
    movl %ecx, %ds
    movl %ecx, %es
restore:
    cld
    movq saved_stack(%rip), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .bss
    .balign 8
saved_stack:
    .skip 8
