/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of a benchmark guest: stack, segments, an interrupt table in which every
 * exception ends the run and two vectors count. */
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
    leaq unexpected(%rip), %rax
    leaq interrupt_table(%rip), %rdi
    movl $256, %ecx
2:  call set_gate
    addq $16, %rdi
    decl %ecx
    jnz 2b
    leaq interrupt(%rip), %rax
    leaq interrupt_table + 0x40 * 16(%rip), %rdi
    call set_gate
    lidt interrupt_table_pointer(%rip)
    call guest_main
3:  cli
    hlt
    jmp 3b

/* RDI: gate, RAX: handler. Destroys RDX. */
set_gate:
    movw %ax, (%rdi)
    movw $8, 2(%rdi)
    movw $0x8e00, 4(%rdi)
    movq %rax, %rdx
    shrq $16, %rdx
    movw %dx, 6(%rdi)
    shrq $16, %rdx
    movl %edx, 8(%rdi)
    movl $0, 12(%rdi)
    ret

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
    .globl interrupt_count
    .balign 4096
interrupt_table:
    .skip 4096
    .skip 16384
stack_end:
interrupt_count:
    .skip 8
