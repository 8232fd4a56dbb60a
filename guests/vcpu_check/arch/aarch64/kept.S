/* SPDX-License-Identifier: BSD-2-Clause */
#define UART_FLAG     0x18
#define PSCI_VERSION  0x84000000

        .text
        .globl general_registers_kept
/* X0: pattern, W1: exit by an access to memory. Returns W0: 1 if X4..X30 kept their values. */
general_registers_kept:
        sub     sp, sp, #112
        stp     x19, x20, [sp]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        str     x0, [sp, #96]
        mov     x3, x0
        .irp n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        add     x\n, x3, #\n
        .endr
        cbnz    w1, 1f
        mov     x0, #PSCI_VERSION
        hvc     #0
        b       2f
1:      mov     x1, #0x09000000 /* GUEST_UART_BASE */
        ldr     w0, [x1, #UART_FLAG]
2:      ldr     x3, [sp, #96]
        mov     x0, #0
        .irp n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        add     x1, x3, #\n
        eor     x1, x1, x\n
        orr     x0, x0, x1
        .endr
        cmp     x0, #0
        cset    w0, eq
        ldp     x19, x20, [sp]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        add     sp, sp, #112
        ret

        .globl aarch32_and_back
/* AArch32 knows the lower halves of registers only: all that matter are saved. */
aarch32_and_back:
        stp     x19, x20, [sp, #-96]!
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        adr     x0, 2f
        adrp    x1, skip_to
        str     x0, [x1, #:lo12:skip_to]
        mov     x0, #0x1d0 /* user mode, interrupts masked */
        msr     spsr_el1, x0
        adr     x0, 1f
        msr     elr_el1, x0
        eret
1:      .inst   0xe3a0002a /* mov r0, #42 */
        .inst   0xef000000 /* svc #0 */
2:      ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     x19, x20, [sp], #96
        ret

        .section .note.GNU-stack, "", @progbits
