/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the loader enters: see <skyscope/arch/hardware.h>. The boot CPU goes on at
 * once; the others wait for it, on the loader's page tables, without a stack.
 */
    .section .text.entry, "ax"
    .globl kernel_entry
kernel_entry:
    msr daifset, #0xf
    msr spsel, #1
    mov x29, xzr
    mov x30, xzr
    mov w19, w1
    adrp x9, trap_vectors
    add x9, x9, :lo12:trap_vectors
    msr vbar_el2, x9
    adrp x9, boot_percpu
    add x9, x9, :lo12:boot_percpu
    msr tpidr_el2, x9
    isb
    cbnz w19, other_cpu
    adrp x9, boot_stack_end
    add x9, x9, :lo12:boot_stack_end
    mov sp, x9
    bl boot_cpu_main
    brk #0

other_cpu:
    adrp x9, cpu_release_count
    add x9, x9, :lo12:cpu_release_count
1:
    yield
    ldar w10, [x9]
    cmp w19, w10
    b.hs 1b

    /* The kernel's tables have the image where the loader's have it. */
    adrp x9, cpu_release
    add x9, x9, :lo12:cpu_release
    ldp x10, x11, [x9]
    dsb sy
    msr mair_el2, x10
    msr tcr_el2, x11
    ldr x10, [x9, #16]
    msr ttbr0_el2, x10
    isb
    tlbi alle2
    dsb nsh
    isb
    adrp x9, cpu_release_percpus
    add x9, x9, :lo12:cpu_release_percpus
    ldr x9, [x9, x19, lsl #3]
    msr tpidr_el2, x9
    ldr x10, [x9]       /* PERCPU_STACK_TOP */
    mov sp, x10
    bl other_cpu_main
    brk #0

    .section .bss.boot_stack, "aw", @nobits
    .balign 16
boot_stack:
    .skip 16384
boot_stack_end:
    .skip 8192
    .globl boot_emergency_stack_end
boot_emergency_stack_end:

    .section .note.GNU-stack, "", @progbits
