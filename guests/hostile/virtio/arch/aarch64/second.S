/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of the second processor, by CPU_ON: EL1, stage 1 off. An exception of its own starts the machine anew:
 * the first processor would wait for it for ever. */
    .text
    .globl second_entry
second_entry:
    msr daifset, #15
    msr spsel, #1
    adrp x0, second_stack_end
    add x0, x0, #:lo12:second_stack_end
    mov sp, x0
    adrp x0, second_vectors
    add x0, x0, #:lo12:second_vectors
    msr vbar_el1, x0
    isb
    bl machine_map
    bl second_main
    mov x0, #0x84000000 /* PSCI: CPU_OFF */
    add x0, x0, #2
    hvc #0
1:  wfi
    b 1b

second_exception:
    mov x0, #0x84000000 /* PSCI: SYSTEM_RESET */
    add x0, x0, #9
    hvc #0
2:  wfi
    b 2b

    .balign 2048
second_vectors:
    .rept 16
    .balign 128
    b second_exception
    .endr

    .bss
    .balign 16
    .skip 16384
second_stack_end:

    .section .note.GNU-stack, "", @progbits
