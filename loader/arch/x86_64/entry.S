/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the boot protocols' 32-bit protected mode without paging to C in 64-bit
 * mode. EAX: magic number of the protocol, EBX: its information.
 */
#include <loader_arch/registers.h>

#define CPUID_LONG_MODE (1 << 29)
#define CPUID_NX        (1 << 20)
#define EFLAGS_ID       (1 << 21)
#define COM1            0x3f8
#define COM1_LINE_STATUS 0x3fd
#define VGA_TEXT        0xb8000

    .section .text.entry, "ax"
    .code32
    .globl pvh_entry
pvh_entry:
    movl $BOOT_MAGIC_PVH, %eax

    .globl loader_entry
loader_entry:
    cli
    cld
    movl $boot_stack_top, %esp
    pushl $0
    popfl
    movl %eax, %edi
    movl %ebx, %esi

    /* Is there CPUID, and are long mode and NX? (Intel shows SYSCALL only in 64-bit mode.) */
    pushfl
    popl %eax
    movl %eax, %ecx
    xorl $EFLAGS_ID, %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    cmpl %eax, %ecx
    je no_long_mode
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    andl $(CPUID_LONG_MODE | CPUID_NX), %edx
    cmpl $(CPUID_LONG_MODE | CPUID_NX), %edx
    jne no_long_mode

    /* An identity map of the first 4 GiB by 2 MiB pages; C protects it later. */
    movl $(page_directory_pointers + 3), page_map
    xorl %ecx, %ecx
    movl $(page_directories + 3), %eax
1:  movl %eax, page_directory_pointers(, %ecx, 8)
    addl $0x1000, %eax
    incl %ecx
    cmpl $4, %ecx
    jne 1b
    xorl %ecx, %ecx
    movl $0x83, %eax /* present, writable, large */
2:  movl %eax, page_directories(, %ecx, 8)
    addl $0x200000, %eax
    incl %ecx
    cmpl $2048, %ecx
    jne 2b

    movl $page_map, %eax
    call enter_long_mode
    ljmp $SELECTOR_CODE64, $entry64

/* Turns on 64-bit paging with the page map at EAX. Changes EAX, ECX, EDX. */
enter_long_mode:
    lgdt gdt_pointer
    movl %eax, %cr3
    movl $CR4_ENTRY, %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_ENTRY, %eax
    wrmsr
    movl $CR0_ENTRY, %eax
    movl %eax, %cr0
    ret

/* Neither console nor C exists yet: COM1 and the VGA screen, simply. */
no_long_mode:
    movl $no_long_mode_text, %esi
    movl $VGA_TEXT, %edi
3:  lodsb
    testb %al, %al
    jz 6f
    movb %al, %bl
    movb $0x0f, %ah
    stosw
    movl $100000, %ecx
4:  movw $COM1_LINE_STATUS, %dx
    inb %dx, %al
    testb $0x20, %al
    jnz 5f
    loop 4b
5:  movb %bl, %al
    movw $COM1, %dx
    outb %al, %dx
    jmp 3b
6:  cli
    hlt
    jmp 6b

no_long_mode_text:
    .asciz "loader: this processor cannot run Skyscope: it needs 64-bit mode and no-execute pages\r\n"

    /* Where started CPUs come out of the trampoline, in 32-bit mode. */
    .globl ap_entry32
ap_entry32:
    movw $SELECTOR_DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $page_map, %eax
    movl $ap_stack_top, %esp
    call enter_long_mode
    ljmp $SELECTOR_CODE64, $ap_entry64

    .code64
.macro load_data_segments
    movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    lldt %ax
.endm

entry64:
    load_data_segments
    movl $boot_stack_top, %esp
    xorl %ebp, %ebp
    /* The stack canary: what differs from one boot to the next. */
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movabsq $0x9e3779b97f4a7c15, %rcx
    imulq %rcx, %rax
    xorb %al, %al /* a zero byte stops string overruns */
    movq %rax, __stack_chk_guard
    /* loader_main(magic, information) */
    movl %edi, %edi
    movl %esi, %esi
    call loader_main
7:  cli
    hlt
    jmp 7b

ap_entry64:
    load_data_segments
    movl $ap_stack_top, %esp
    xorl %ebp, %ebp
    call ap_main
    movl %eax, %ebx /* this CPU's index */
    /* From here on without a stack: the next CPU gets it. */
    movl $1, ap_online
8:  pause
    cmpl $0, ap_release
    je 8b
    movl %ebx, %esi
    /* fall through */

    /* All CPUs enter the kernel here. ESI: index. */
enter_kernel_here:
    movq handoff_boot_info, %rdi
    movq handoff_entry, %rax
    movl %esi, %esi
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    jmp *%rax

    .globl enter_kernel
enter_kernel: /* enter_kernel(index) */
    movl %edi, %esi
    jmp enter_kernel_here

    .section .rodata.gdt, "a"
    .balign 8
    .globl gdt_address
gdt_address:
gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 0x08: 64-bit code */
    .quad 0x00cf93000000ffff /* 0x10: data */
    .quad 0x00cf9b000000ffff /* 0x18: 32-bit code */
gdt_end:
    .globl gdt_pointer
gdt_pointer:
    .word gdt_end - gdt - 1
    .quad gdt

    .section .bss.boot, "aw", @nobits
    .balign 4096
    .globl page_map, page_directory_pointers, page_directories
page_map:
    .skip 4096
page_directory_pointers:
    .skip 4096
page_directories:
    .skip 4 * 4096
    .skip BOOT_STACK_SIZE
boot_stack_top:
    .skip 4096
ap_stack_top:

    .section .note.GNU-stack, "", @progbits
