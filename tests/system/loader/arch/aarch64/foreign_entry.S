/* SPDX-License-Identifier: BSD-2-Clause */
/* Entered as an arm64 kernel is: keeps what it finds, and goes on to C, with the MMU off. */
    .section .text.entry, "ax"
    .globl foreign_entry
foreign_entry:
    adrp x9, stack_top
    add x9, x9, :lo12:stack_top
    mov sp, x9
    adrp x9, foreign_found
    add x9, x9, :lo12:foreign_found
    stp x0, x1, [x9]
    stp x2, x3, [x9, #16]
    mrs x0, CurrentEL
    mrs x1, daif
    stp x0, x1, [x9, #32]
    mrs x0, sctlr_el2
    str x0, [x9, #48]
    mov x29, xzr
    bl foreign_main
1:  wfi
    b 1b

    .data
    .balign 8
    .globl foreign_found
foreign_found:
    .skip 56

    .bss
    .balign 4096
    .skip 16384
stack_top:

    .section .note.GNU-stack, "", @progbits
