/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of the loader's test kernel, on every CPU: a stack each, then C. */
    .section .text.entry, "ax"
    .globl kernel_entry
kernel_entry:
    add w2, w1, #1
    lsl x2, x2, #13
    adrp x3, stacks
    add x3, x3, :lo12:stacks
    add x2, x2, x3
    mov sp, x2
    mov x29, xzr
    bl kernel_main
1:  wfi
    b 1b

    .section .bss
    .balign 4096
stacks:
    .skip 33 * 8192

    .section .note.GNU-stack, "", @progbits
