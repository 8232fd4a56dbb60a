/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways into the kernel and out of it. Registers of a thread go straight into its
 * struct thread, which begins with struct user_frame; then the CPU's one kernel
 * stack is used, from its top: nothing on it survives the way out.
 */
#include <arch/frame.h>
#include <arch/percpu.h>

#define MSR_GS_BASE 0xc0000101

    .macro PUSH_REGISTERS
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    .endm

    .macro POP_REGISTERS
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    .endm

    .text
    .globl trap_system_call
    .balign 64
trap_system_call:
    swapgs
    mov %rsp, %gs:PERCPU_SCRATCH
    mov %gs:PERCPU_CURRENT, %rsp
    add $FRAME_SIZE, %rsp
    push $SELECTOR_USER_DATA
    push %gs:PERCPU_SCRATCH
    push %r11
    push $SELECTOR_USER_CODE
    push %rcx
    push $0
    push $FRAME_VECTOR_SYSCALL
    PUSH_REGISTERS
    mov %gs:PERCPU_STACK_TOP, %rsp
    mov %gs:PERCPU_SELF, %rdi
    call trap_system_call_handle

    .globl return_to_user
return_to_user:
    mov %gs:PERCPU_CURRENT, %rsp
    testl $PERCPU_FLAG_VERW, %gs:PERCPU_FLAGS
    jnz 2f
1:
    cmpl $FRAME_VECTOR_SYSCALL, FRAME_VECTOR(%rsp)
    jne 3f
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    add $8, %rsp
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    add $8, %rsp
    pop %rax
    mov (FRAME_RIP - FRAME_VECTOR)(%rsp), %rcx
    mov (FRAME_RFLAGS - FRAME_VECTOR)(%rsp), %r11
    mov (FRAME_RSP - FRAME_VECTOR)(%rsp), %rsp
    swapgs
    sysretq
2:
    verw verw_selector(%rip)
    jmp 1b
3:
    POP_REGISTERS
    add $16, %rsp
    swapgs
    iretq

/* Common part of interrupts and exceptions: vector and error code are pushed. */
    .balign 64
trap_common:
    testb $3, 24(%rsp)
    jz trap_from_kernel
    swapgs
    lfence
    PUSH_REGISTERS
    cld
    mov %gs:PERCPU_STACK_TOP, %rsp
    /* The gate leaves RFLAGS.AC as the program set it, which would undo SMAP. */
    testl $PERCPU_FLAG_SMAP, %gs:PERCPU_FLAGS
    jz 1f
    clac
1:
    mov %gs:PERCPU_SELF, %rdi
    call trap_from_user_handle
    jmp return_to_user

trap_from_kernel:
    PUSH_REGISTERS
    cld
    mov %rsp, %rdi
    call trap_from_kernel_handle
    POP_REGISTERS
    add $16, %rsp
    iretq

/* NMI, double fault, machine check, debug: may come between any two instructions
 * of the above, so what GS base is in force must be read. Own stacks. */
    .balign 64
trap_anywhere:
    PUSH_REGISTERS
    cld
    xor %ebx, %ebx
    mov $MSR_GS_BASE, %ecx
    rdmsr
    test %edx, %edx
    js 1f
    swapgs
    inc %ebx
1:
    lfence
    testl $PERCPU_FLAG_SMAP, %gs:PERCPU_FLAGS
    jz 2f
    clac
2:
    mov %rsp, %rdi
    call trap_anywhere_handle
    test %eax, %eax
    jnz 4f
    test %ebx, %ebx
    jz 3f
    swapgs
3:
    POP_REGISTERS
    add $16, %rsp
    iretq
4:
    /* The thread's registers were copied to its frame: go on as from there. */
    mov %gs:PERCPU_STACK_TOP, %rsp
    mov %gs:PERCPU_SELF, %rdi
    call trap_from_user_handle
    jmp return_to_user

/* Where SYSCALL goes in compatibility mode, which no segment of ours allows. */
    .globl trap_compatibility_call
trap_compatibility_call:
    ud2

/* One entry of 16 bytes per vector. */
    .globl trap_entries
    .balign 64
trap_entries:
    .set vector, 0
    .rept 256
    .balign 16
    /* Exceptions 8, 10..14, 17, 21, 29, 30 push an error code. */
    .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
    .else
    push $0
    .endif
    push $vector
    .if (vector == 1) || (vector == 2) || (vector == 8) || (vector == 18)
    jmp trap_anywhere
    .else
    jmp trap_common
    .endif
    .set vector, vector + 1
    .endr

    .section .rodata
    .balign 2
verw_selector:
    .word SELECTOR_KERNEL_DATA

    .section .note.GNU-stack, "", @progbits
