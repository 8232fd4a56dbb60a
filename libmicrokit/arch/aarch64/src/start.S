/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of every thread, at the lowest address of the program (a parent may
 * restart its child there, as Microkit programs do). X0: thread index. SP: top
 * of its stack.
 *
 * A parent that only sets the instruction pointer of its child leaves the other
 * registers as they were; the first thread's stack is the highest one, which
 * tells it apart without X0.
 */
#include "thread_layout.h"

    .section .program_entry, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    mov x1, sp
    ldr x2, =THREAD_STACKS_END
    cmp x1, x2
    b.lo 1f
    mov x0, #0
1:  and x1, x1, #~15
    mov sp, x1
    mov x29, #0
    mov x30, #0
    bl microkit_thread_main
    udf #0
    .ltorg
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
