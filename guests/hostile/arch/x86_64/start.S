/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a flat guest: 64-bit mode, identity-mapped, nothing else promised.
 * Gives it a stack, segments and an interrupt table of its own, so that it can
 * try forbidden instructions and go on.
 */
    .section .text.start, "ax"
    .globl start
start:
    cli
    leaq stack_end(%rip), %rsp
    lgdt gdt_pointer(%rip)
    pushq $8
    leaq 1f(%rip), %rax
    pushq %rax
    lretq
1:  movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    /* Every vector of the table leads to recover. */
    leaq recover(%rip), %rax
    leaq interrupt_table(%rip), %rdi
    movl $256, %ecx
2:  movw %ax, (%rdi)
    movw $8, 2(%rdi)
    movw $0x8e00, 4(%rdi)
    movq %rax, %rdx
    shrq $16, %rdx
    movw %dx, 6(%rdi)
    shrq $16, %rdx
    movl %edx, 8(%rdi)
    movl $0, 12(%rdi)
    addq $16, %rdi
    decl %ecx
    jnz 2b
    lidt interrupt_table_pointer(%rip)
    call guest_main
3:  cli
    hlt
    jmp 3b

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

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 8: 64-bit code */
    .quad 0x00cf93000000ffff /* 16: data */
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .quad gdt
interrupt_table_pointer:
    .word 4095
    .quad interrupt_table

    .bss
    .balign 4096
interrupt_table:
    .skip 4096
    .skip 16384
stack_end:
saved_stack:
    .skip 8
