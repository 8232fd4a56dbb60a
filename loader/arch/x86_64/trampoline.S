/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copied to a page below 1 MiB: where a started CPU begins, in real mode, with
 * CS:IP = page:0 (Intel SDM volume 3, section 9.4). Independent of its position.
 */
#include <loader_arch/registers.h>

    .section .rodata.trampoline, "a"
    .balign 16
    .code16
    .globl trampoline_start, trampoline_size
trampoline_start:
    cli
    cld
    lgdtl %cs:(trampoline_gdt - trampoline_start)
    movl $0x11, %eax /* ET, PE; INIT had switched the caches off */
    movl %eax, %cr0
    ljmpl $SELECTOR_CODE32, $ap_entry32
    .balign 4
trampoline_gdt:
    .word 31
    .long gdt_address
trampoline_end:

    .balign 4
trampoline_size:
    .long trampoline_end - trampoline_start

    .section .note.GNU-stack, "", @progbits
