/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of the second processor: from real mode, at 0xa000, straight to 64-bit mode with the first one's page tables. An
 * exception, for which it has no handlers, starts the machine anew. */
#define TRAMPOLINE 0xa000
#define HERE(label) (TRAMPOLINE + label - second_entry)

        .section .rodata
        .globl  second_entry, second_entry_end, second_page_table
        .code16
second_entry:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        lgdtl   HERE(table_pointer)
        lidtl   HERE(no_interrupts)
        movl    $0x20, %eax /* PAE */
        movl    %eax, %cr4
        movl    HERE(second_page_table), %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx /* EFER: LME */
        xorl    %edx, %edx
        movl    $0x100, %eax
        wrmsr
        movl    $0x80000011, %eax /* PG, ET, PE */
        movl    %eax, %cr0
        ljmpl   $8, $HERE(long_mode)
        .balign 8
table:
        .quad   0
        .quad   0x00af9b000000ffff
        .quad   0x00cf93000000ffff
table_pointer:
        .word   table_pointer - table - 1
        .long   HERE(table)
second_page_table:
        .long   0
no_interrupts:
        .word   0
        .long   0
        .code64
long_mode:
        movl    $16, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movabsq $second_long_mode, %rax
        jmp     *%rax
second_entry_end:

        .text
second_long_mode:
        leaq    second_stack_end(%rip), %rsp
        call    second_main
1:      hlt
        jmp     1b

        .bss
        .balign 16
        .skip   16384
second_stack_end:

        .section .note.GNU-stack, "", @progbits
