/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of every thread, at the lowest address of the program (a parent may
 * restart its child there, as Microkit programs do). RDI: thread index. RSP: top
 * of its stack.
 *
 * A parent that only sets the instruction pointer of its child leaves the other
 * registers as they were; the first thread's stack is the highest one, which
 * tells it apart without RDI.
 */
    .section .program_entry, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    cld
    xorl %ebp, %ebp
    movabsq $0x7fff00000000, %rax
    cmpq %rax, %rsp
    jb 1f
    xorl %edi, %edi
1:  andq $-16, %rsp
    call microkit_thread_main
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
