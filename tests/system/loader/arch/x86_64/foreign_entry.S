/* SPDX-License-Identifier: BSD-2-Clause */
/* Entered by Multiboot 2: keeps what it finds, and goes on to C in 64-bit mode. */
#define HEADER_MAGIC 0xe85250d6

    .section .multiboot2, "a"
    .balign 8
header:
    .long HEADER_MAGIC
    .long 0
    .long header_end - header
    .long -(HEADER_MAGIC + (header_end - header))
    .balign 8
    .short 1, 0 /* information that is wanted: module, memory map */
    .long 16
    .long 3, 6
    .short 0, 0
    .long 8
header_end:

    .section .text.entry, "ax"
    .code32
    .globl foreign_entry, foreign_found
foreign_entry:
    movl %eax, foreign_found
    movl %ebx, foreign_found + 4
    movl %cr0, %eax
    movl %eax, foreign_found + 8
    movl %cr4, %eax
    movl %eax, foreign_found + 12
    movl $stack_top, %esp
    pushfl
    popl %eax
    movl %eax, foreign_found + 16
    movl $0xc0000080, %ecx
    rdmsr
    movl %eax, foreign_found + 20
    movw %cs, %ax
    movzwl %ax, %eax
    movl %eax, foreign_found + 24

    movl $(pointers + 3), map
    movl $directories + 3, %eax
    xorl %ecx, %ecx
1:  movl %eax, pointers(, %ecx, 8)
    addl $0x1000, %eax
    incl %ecx
    cmpl $4, %ecx
    jne 1b
    xorl %ecx, %ecx
    movl $0x83, %eax
2:  movl %eax, directories(, %ecx, 8)
    addl $0x200000, %eax
    incl %ecx
    cmpl $2048, %ecx
    jne 2b
    movl $map, %eax
    movl %eax, %cr3
    movl $0x20, %eax
    movl %eax, %cr4
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl $0x80000011, %eax
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $3f
    .code64
3:  movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $stack_top, %esp
    call foreign_main
4:  hlt
    jmp 4b

    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
gdt_pointer:
    .word 23
    .quad gdt

    .data
    .balign 8
foreign_found:
    .skip 28

    .bss
    .balign 4096
map:
    .skip 4096
pointers:
    .skip 4096
directories:
    .skip 4 * 4096
    .skip 16384
stack_top:

    .section .note.GNU-stack, "", @progbits
