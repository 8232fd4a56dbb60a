/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of a benchmark guest: every exception ends the run, and a vector counts. */
#define FIRST_HANDLER unexpected
#define HANDLER_SIZE  0

    .macro more_handlers
    leaq interrupt(%rip), %rax
    leaq interrupt_table + 0x40 * 16(%rip), %rdi
    call set_gate
    .endm

#include "../../../../guests/bare/arch/x86_64/entry.S"

    .text
/* Vector 0x40: counts, then ends the interrupt at the x2APIC. */
interrupt:
    pushq %rax
    pushq %rcx
    pushq %rdx
    incq interrupt_count(%rip)
    movl $0x80b, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    popq %rdx
    popq %rcx
    popq %rax
    iretq

unexpected:
    popq %rdi
    call guest_unexpected
4:  cli
    hlt
    jmp 4b

    .bss
    .globl interrupt_count
    .balign 8
interrupt_count:
    .skip 8
