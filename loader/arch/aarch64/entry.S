/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the boot protocols to C. As an Image: X0 is the device tree's address, the
 * MMU is off, EL2 is wanted. As a UEFI application: see uefi_entry below.
 */
#include <loader_arch/registers.h>

#define PROTOCOL_LINUX 4 /* enum hardware_boot_protocol */
#define PROTOCOL_UEFI  5

#define RELOCATION_RELATIVE 1027 /* R_AARCH64_RELATIVE */

/* Adds where the image lies to all addresses in its data; may be done again.
 * Changes X0 to X5. */
.macro relocate
    adrp x0, image_start
    adrp x1, relocations_start
    add x1, x1, :lo12:relocations_start
    adrp x2, relocations_end
    add x2, x2, :lo12:relocations_end
1:  cmp x1, x2
    b.hs 2f
    ldp x3, x4, [x1], #16
    ldr x5, [x1], #8
    cmp w4, #RELOCATION_RELATIVE
    b.ne 1b
    add x5, x5, x0
    str x5, [x0, x3]
    b 1b
2:
.endm

    .section .text.entry, "ax"
    .globl image_entry
image_entry:
    mov x20, x0
    mov x19, #PROTOCOL_LINUX
    msr daifset, #0xf
    /* The memory behind the file's end: nobody zeroed it. */
    bl clean_image
    adrp x0, bss_start
    add x0, x0, :lo12:bss_start
    adrp x1, loader_end
    add x1, x1, :lo12:loader_end
1:  stp xzr, xzr, [x0], #16
    cmp x0, x1
    b.lo 1b
    b start

/* uefi_leave(handoff): from UEFI's MMU to none, for good. Boot services have ended. */
    .globl uefi_leave
uefi_leave:
    mov x20, x0
    mov x19, #PROTOCOL_UEFI
    msr daifset, #0xf
    bl clean_image
    mrs x0, sctlr_el2
    mov x1, #0x1005 /* I, C, M */
    bic x0, x0, x1
    msr sctlr_el2, x0
    isb
    tlbi alle2
    ic iallu
    dsb sy
    isb

start:
    relocate
    adrp x0, boot_stack_top
    add x0, x0, :lo12:boot_stack_top
    mov sp, x0
    mov x29, xzr
    mov x30, xzr
    /* The stack canary: what differs from one boot to the next. */
    mrs x0, cntvct_el0
    ldr x1, =0x9e3779b97f4a7c15
    mul x0, x0, x1
    and x0, x0, #~0xff /* a zero byte stops string overruns */
    adrp x1, __stack_chk_guard
    str x0, [x1, :lo12:__stack_chk_guard]
    mrs x2, CurrentEL
    lsr x2, x2, #2
    cmp x2, #2
    b.ne 1f
    bl cpu_prepare
1:  mov x0, x19
    mov x1, x20
    /* early_main(protocol, second, level) */
    bl early_main
2:  wfi
    b 2b

/* Brings EL2 of this CPU into a known state. Changes X0, X1; X2 is kept. */
cpu_prepare:
    mov x0, #1
    lsl x0, x0, #HCR_SHIFT_RW
    msr hcr_el2, x0
    isb
    ldr x0, =SCTLR_OFF
    msr sctlr_el2, x0
    ldr x0, =(CPTR_RES1 | CPTR_TFP)
    msr cptr_el2, x0
    mov x0, #CNTHCTL_VALUE
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    /* The timers that every CPU has, off. */
    msr cnthp_ctl_el2, xzr
    msr cntp_ctl_el0, xzr
    msr cntv_ctl_el0, xzr
    adrp x0, exception_vectors
    add x0, x0, :lo12:exception_vectors
    msr vbar_el2, x0
    msr spsel, #1
    isb
    ret

/* mmu_enable(): the tables of mmu_registers, and caches. Changes X0, X1. */
    .globl mmu_enable
mmu_enable:
    ldr x0, =MAIR_VALUE
    msr mair_el2, x0
    adrp x1, mmu_registers
    add x1, x1, :lo12:mmu_registers
    ldp x0, x1, [x1]
    msr ttbr0_el2, x0
    msr tcr_el2, x1
    isb
    tlbi alle2
    ic iallu
    dsb sy
    isb
    ldr x0, =SCTLR_ON
    msr sctlr_el2, x0
    isb
    ret

/* Writes all of the image that is in data caches to memory and drops it from them.
 * Changes X0 to X3. */
clean_image:
    adrp x0, image_start
    adrp x1, loader_end
    add x1, x1, :lo12:loader_end
    mrs x2, ctr_el0
    ubfx x2, x2, #16, #4 /* DminLine: logarithm of words in a line */
    mov x3, #4
    lsl x2, x3, x2
1:  dc civac, x0
    add x0, x0, x2
    cmp x0, x1
    b.lo 1b
    dsb sy
    ret

/* Where PSCI starts the other CPUs, with the MMU off. X0: index. */
    .globl secondary_entry
secondary_entry:
    msr daifset, #0xf
    mov x21, x0
    mrs x0, CurrentEL
    cmp x0, #(2 << 2)
    b.ne 3f
    bl cpu_prepare
    bl mmu_enable
    adrp x0, secondary_stack_top
    add x0, x0, :lo12:secondary_stack_top
    mov sp, x0
    mov x29, xzr
    mov x0, x21
    bl secondary_main
    /* From here on without a stack: the next CPU gets it. */
    adrp x1, secondary_online
    add x1, x1, :lo12:secondary_online
    add w0, w21, #1
    stlr w0, [x1]
    dsb sy
    sev
    adrp x1, secondary_release
    add x1, x1, :lo12:secondary_release
1:  ldar w0, [x1]
    cbnz w0, 2f
    wfe
    b 1b
2:  mov x0, x21
    b enter_kernel
3:  wfi
    b 3b

/* enter_kernel(index): all CPUs enter the kernel here. */
    .globl enter_kernel
enter_kernel:
    mov w1, w0
    ic iallu /* the kernel's code is new */
    dsb sy
    isb
    adrp x2, handoff_boot_info
    ldr x0, [x2, :lo12:handoff_boot_info]
    adrp x2, handoff_entry
    ldr x2, [x2, :lo12:handoff_entry]
    mov x3, xzr
    mov x29, xzr
    mov x30, xzr
    br x2

/*
 * foreign_leave(entry, argument). No store comes after the MMU is off: the image,
 * which holds the stack, is cleaned from the caches last, and by its physical
 * addresses, which are those it was written by.
 */
    .globl foreign_leave
foreign_leave:
    mov x20, x0
    mov x21, x1
    msr daifset, #0xf
    dsb sy
    mrs x0, sctlr_el2
    mov x1, #0x1005 /* I, C, M */
    bic x0, x0, x1
    msr sctlr_el2, x0
    isb
    tlbi alle2
    dsb sy
    isb
    bl clean_image
    ic iallu
    dsb sy
    isb
    mov x0, x21
    mov x1, xzr
    mov x2, xzr
    mov x3, xzr
    br x20

/*
 * Where UEFI starts the application: uefi_entry(handle, system table), with
 * UEFI's stack, MMU and boot services.
 */
    .globl uefi_entry
uefi_entry:
    stp x29, x30, [sp, #-32]!
    stp x0, x1, [sp, #16]
    mov x29, sp
    relocate
    ldp x0, x1, [sp, #16]
    bl uefi_main
    ldp x29, x30, [sp], #32
    ret

    .section .bss.boot, "aw", @nobits
    .balign 4096
    .skip BOOT_STACK_SIZE
boot_stack_top:
    .skip SECONDARY_STACK_SIZE
secondary_stack_top:

    .section .note.GNU-stack, "", @progbits
