/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From 64-bit mode to the state that Multiboot 2 wants (section 3.3): 32-bit
 * protected mode without paging, interrupts off, EAX the magic number, EBX the
 * boot information.
 */
#include <loader_arch/registers.h>

#define CR0_LEAVE 0x11 /* ET, PE */

    .text
    .code64
    /* foreign_leave(code, copies, information): code: where foreign_switch was copied to. */
    .globl foreign_leave
foreign_leave:
    cli
    cld
    lidt no_interrupts /* what lies at the handlers is soon another's */
    movl %edi, %edi
    movl %esi, %ebp
    movl %edx, %ebx
    pushq $SELECTOR_CODE32
    pushq $1f
    lretq

    .code32
1:  movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    movl $CR0_LEAVE, %eax
    movl %eax, %cr0
    jmp 2f
2:  xorl %eax, %eax
    movl %eax, %cr3
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    xorl %edx, %edx
    wrmsr
    jmp *%edi

    .section .rodata.foreign, "a"
    .balign 8
no_interrupts:
    .word 0
    .quad 0

    /* EBP: struct foreign_copy. Independent of its position, and without a stack. */
    .balign 16
    .globl foreign_switch_start, foreign_switch_size
foreign_switch_start:
    movl 0(%ebp), %edi
    movl 4(%ebp), %esi
    movl 8(%ebp), %ecx
    movl 12(%ebp), %edx
    movl %ecx, %eax
    orl %edx, %eax
    jz 3f
    rep movsb
    movl %edx, %ecx
    xorl %eax, %eax
    rep stosb
    addl $16, %ebp
    jmp foreign_switch_start
3:  movl $BOOT_MAGIC_MULTIBOOT2, %eax
    jmp *%edi
foreign_switch_end:

    .balign 4
foreign_switch_size:
    .long foreign_switch_end - foreign_switch_start

    .section .note.GNU-stack, "", @progbits
