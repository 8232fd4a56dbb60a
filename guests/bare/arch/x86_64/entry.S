/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a flat guest: 64-bit mode, identity-mapped, nothing else promised. Gives it
 * a stack, segments and an interrupt table, and calls guest_main(). Whoever includes
 * this says by FIRST_HANDLER where vector 0 leads, and by HANDLER_SIZE how much further
 * each next one (0: all to the same); a macro `more_handlers` may set others with
 * set_gate.
 */
        .section .text.start, "ax"
        .globl start
start:
        cli
        leaq    stack_end(%rip), %rsp
        lgdt    gdt_pointer(%rip)
        pushq   $8
        leaq    1f(%rip), %rax
        pushq   %rax
        lretq
1:      movl    $16, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        leaq    FIRST_HANDLER(%rip), %rax
        leaq    interrupt_table(%rip), %rdi
        movl    $256, %ecx
2:      call    set_gate
        addq    $16, %rdi
        addq    $HANDLER_SIZE, %rax
        decl    %ecx
        jnz     2b
        more_handlers
        lidt    interrupt_table_pointer(%rip)
        call    guest_main
3:      cli
        hlt
        jmp     3b

/* RDI: gate, RAX: handler. Destroys RDX. */
set_gate:
        movw    %ax, (%rdi)
        movw    $8, 2(%rdi)
        movw    $0x8e00, 4(%rdi)
        movq    %rax, %rdx
        shrq    $16, %rdx
        movw    %dx, 6(%rdi)
        shrq    $16, %rdx
        movl    %edx, 8(%rdi)
        movl    $0, 12(%rdi)
        ret

        .section .rodata
        .balign 8
gdt:
        .quad   0
        .quad   0x00af9b000000ffff /* 8: 64-bit code */
        .quad   0x00cf93000000ffff /* 16: data */
gdt_pointer:
        .word   gdt_pointer - gdt - 1
        .quad   gdt
interrupt_table_pointer:
        .word   4095
        .quad   interrupt_table

        .bss
        .balign 4096
interrupt_table:
        .skip   4096
        .skip   16384
stack_end:

        .section .note.GNU-stack, "", @progbits
