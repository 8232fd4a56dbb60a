/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the loader enters: see <skyscope/boot_info.h>. The boot CPU goes on at
 * once; the others wait for it, on the loader's page tables, without a stack.
 */
    .section .text.entry, "ax"
    .code64
    .globl kernel_entry
kernel_entry:
    cli
    cld
    xor %ebp, %ebp
    test %esi, %esi
    jnz other_cpu
    lea boot_stack_end(%rip), %rsp
    call boot_cpu_main
    ud2

other_cpu:
    mov %esi, %edi
1:
    pause
    mov cpu_release_count(%rip), %eax
    cmp %eax, %edi
    jae 1b
    mov cpu_release_page_table(%rip), %rax
    mov %rax, %cr3
    lea cpu_release_stacks(%rip), %rax
    mov (%rax, %rdi, 8), %rsp
    xor %ebp, %ebp
    call other_cpu_main
    ud2

    .section .bss.boot_stack, "aw", @nobits
    .balign 16
boot_stack:
    .skip 16384
boot_stack_end:

    .section .note.GNU-stack, "", @progbits
