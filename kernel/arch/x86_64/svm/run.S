/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest entry and exit: AMD APM vol. 2 §15.5 (VMRUN), §15.17 (GIF).
 *
 * While GIF is 0 nothing interrupts us; RFLAGS.IF is 1 at VMRUN so that host
 * interrupts, which V_INTR_MASKING ties to the host's IF, exit from the guest.
 * One that arrived after the caller's last look is pending then and exits at
 * once: no wake-up is lost. It stays pending until the caller opens a window;
 * an NMI is taken at STGI.
 */

        .section .text.svm_run, "ax"
        .globl svm_run
        .type svm_run, @function
/* RDI: gpr[16], RSI: the VMCB's physical address, RDX: that of the host's state. */
svm_run:
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushq   %rdi
        pushq   %rdx
        clgi
        sti
        movq    %rdx, %rax
        vmsave  %rax
        movq    %rsi, %rax
        movq    8*1(%rdi), %rcx
        movq    8*2(%rdi), %rdx
        movq    8*3(%rdi), %rbx
        movq    8*5(%rdi), %rbp
        movq    8*6(%rdi), %rsi
        movq    8*8(%rdi), %r8
        movq    8*9(%rdi), %r9
        movq    8*10(%rdi), %r10
        movq    8*11(%rdi), %r11
        movq    8*12(%rdi), %r12
        movq    8*13(%rdi), %r13
        movq    8*14(%rdi), %r14
        movq    8*15(%rdi), %r15
        movq    8*7(%rdi), %rdi
        vmload  %rax
        vmrun   %rax
        /* RAX and RSP are the host's again; all others are the guest's. */
        vmsave  %rax
        popq    %rax
        vmload  %rax
        popq    %rax
        movq    %rcx, 8*1(%rax)
        movq    %rdx, 8*2(%rax)
        movq    %rbx, 8*3(%rax)
        movq    %rbp, 8*5(%rax)
        movq    %rsi, 8*6(%rax)
        movq    %rdi, 8*7(%rax)
        movq    %r8, 8*8(%rax)
        movq    %r9, 8*9(%rax)
        movq    %r10, 8*10(%rax)
        movq    %r11, 8*11(%rax)
        movq    %r12, 8*12(%rax)
        movq    %r13, 8*13(%rax)
        movq    %r14, 8*14(%rax)
        movq    %r15, 8*15(%rax)
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        /* No value of the guest's stays in a register for speculation to use. */
        xorl    %ecx, %ecx
        xorl    %edx, %edx
        xorl    %esi, %esi
        xorl    %edi, %edi
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        xorl    %r10d, %r10d
        xorl    %r11d, %r11d
        cmpb    $0, svm_fill_return_buffer(%rip)
        jne     2f
1:      cli
        stgi
        /* The task priority is 0 all the time; said again for QEMU's sake. At VMRUN
         * with a virtual interrupt it sets its flag of one, not atomically
         * (helper_vmrun in svm_helper.c, 7.2 and later), and forgets an interrupt
         * that another of its threads raises at that moment: it stays pending in
         * the local APIC and never comes. With a new priority QEMU looks again. */
        movq    %rcx, %cr8
        ret

        /* The guest may have poisoned the return predictor: 32 calls whose
         * predicted returns stop in a loop that speculation cannot leave. */
2:      movl    $16, %ecx
3:      call    5f
4:      pause
        lfence
        jmp     4b
5:      call    7f
6:      pause
        lfence
        jmp     6b
7:      decl    %ecx
        jnz     3b
        addq    $(8 * 32), %rsp
        lfence
        jmp     1b
        .size svm_run, . - svm_run

        .section .note.GNU-stack, "", @progbits
