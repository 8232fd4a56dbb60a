/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of the loader's test kernel, on every CPU: a stack each, then C. */
    .section .text.entry, "ax"
    .globl kernel_entry
kernel_entry:
    movl %esi, %eax
    incl %eax
    shlq $13, %rax
    leaq stacks(%rip), %rsp
    addq %rax, %rsp
    xorl %ebp, %ebp
    call kernel_main
1:  hlt
    jmp 1b

    .section .bss
    .balign 4096
stacks:
    .skip 33 * 8192

    .section .note.GNU-stack, "", @progbits
