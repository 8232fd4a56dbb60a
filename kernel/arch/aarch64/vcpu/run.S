/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest entry and exit. All of DAIF is masked here: an interrupt that came after the
 * caller's last look is pending, and is taken as soon as the exception return has gone
 * to the guest. No wake-up is lost.
 *
 * VBAR_EL2 is switched so that neither the guest's nor the PDs' entries need to ask
 * whom they came from.
 */

#define GPR_X0  0
#define GPR_X30 (8 * 30)
#define GPR_PC  (8 * 31)

/* On the stack while the guest runs: X19..X30, then gpr. */
#define SAVED_GPR  96
#define SAVED_SIZE 112

        .section .text.vcpu_run, "ax"
        .globl vcpu_run
        .type vcpu_run, %function
/* X0: gpr[31], X1: pc, X2: pstate. */
vcpu_run:
        sub     sp, sp, #SAVED_SIZE
        stp     x19, x20, [sp]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        str     x0, [sp, #SAVED_GPR]
        msr     elr_el2, x1
        msr     spsr_el2, x2
        adrp    x3, vcpu_vectors
        msr     vbar_el2, x3
        ldp     x2, x3, [x0, #8 * 2]
        ldp     x4, x5, [x0, #8 * 4]
        ldp     x6, x7, [x0, #8 * 6]
        ldp     x8, x9, [x0, #8 * 8]
        ldp     x10, x11, [x0, #8 * 10]
        ldp     x12, x13, [x0, #8 * 12]
        ldp     x14, x15, [x0, #8 * 14]
        ldp     x16, x17, [x0, #8 * 16]
        ldp     x18, x19, [x0, #8 * 18]
        ldp     x20, x21, [x0, #8 * 20]
        ldp     x22, x23, [x0, #8 * 22]
        ldp     x24, x25, [x0, #8 * 24]
        ldp     x26, x27, [x0, #8 * 26]
        ldp     x28, x29, [x0, #8 * 28]
        ldr     x30, [x0, #GPR_X30]
        ldp     x0, x1, [x0, #GPR_X0]
        eret
        /* Speculation goes no further. */
        dsb     nsh
        isb

/* X0 and X1 are on the stack, W1 is the reason. */
guest_left:
        ldr     x0, [sp, #16 + SAVED_GPR]
        stp     x2, x3, [x0, #8 * 2]
        stp     x4, x5, [x0, #8 * 4]
        stp     x6, x7, [x0, #8 * 6]
        stp     x8, x9, [x0, #8 * 8]
        stp     x10, x11, [x0, #8 * 10]
        stp     x12, x13, [x0, #8 * 12]
        stp     x14, x15, [x0, #8 * 14]
        stp     x16, x17, [x0, #8 * 16]
        stp     x18, x19, [x0, #8 * 18]
        stp     x20, x21, [x0, #8 * 20]
        stp     x22, x23, [x0, #8 * 22]
        stp     x24, x25, [x0, #8 * 24]
        stp     x26, x27, [x0, #8 * 26]
        stp     x28, x29, [x0, #8 * 28]
        ldp     x2, x3, [sp], #16
        mrs     x4, elr_el2
        mrs     x5, spsr_el2
        stp     x2, x3, [x0, #GPR_X0]
        stp     x30, x4, [x0, #GPR_X30]
        str     x5, [x0, #GPR_PC + 8]
        adrp    x6, trap_vectors
        add     x6, x6, #:lo12:trap_vectors
        msr     vbar_el2, x6
        mov     w0, w1
        ldp     x19, x20, [sp]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        add     sp, sp, #SAVED_SIZE
        ret
        .size vcpu_run, . - vcpu_run

/* The kernel's own: something is broken, its vectors say so. */
        .macro KERNEL_VECTOR offset
        .balign 128
        b       trap_vectors + \offset
        .endm

        .macro GUEST_VECTOR reason
        .balign 128
        stp     x0, x1, [sp, #-16]!
        mov     w1, #\reason
        b       guest_left
        .endm

        .balign 4096
vcpu_vectors:
        KERNEL_VECTOR 0x000
        KERNEL_VECTOR 0x080
        KERNEL_VECTOR 0x100
        KERNEL_VECTOR 0x180
        KERNEL_VECTOR 0x200
        KERNEL_VECTOR 0x280
        KERNEL_VECTOR 0x300
        KERNEL_VECTOR 0x380
        /* AArch64, then AArch32: synchronous, IRQ, FIQ, SError (enum vcpu_vector). */
        .rept 2
        GUEST_VECTOR 0
        GUEST_VECTOR 1
        GUEST_VECTOR 1
        GUEST_VECTOR 2
        .endr

        .section .note.GNU-stack, "", @progbits
