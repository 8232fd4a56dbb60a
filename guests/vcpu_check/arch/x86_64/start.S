/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of a flat guest: stack, segments, and an interrupt table whose handlers
 * all call exception(vector, frame). */
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
    leaq stubs(%rip), %rax
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
    addq $16, %rax
    decl %ecx
    jnz 2b
    lidt interrupt_table_pointer(%rip)
    call guest_main
3:  cli
    hlt
    jmp 3b

/* 16 bytes each. Vectors with an error code keep it, others get 0. */
    .text
    .balign 16
stubs:
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
