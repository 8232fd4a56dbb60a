/* SPDX-License-Identifier: BSD-2-Clause */
/* What is tried on x86-64 alone. */
#pragma once

#define KERNEL_ADDRESS  0xffffffff80000000ull
#define OUTSIDE_ADDRESS 0x0000800000000000ull

/* In the first thread's own stack. */
#define STACK_ADDRESS 0x7fffffffcff0ull

static uint64_t data_word = 0xc3; /* RET */

static void end_unharmed(void)
{
    __asm__ volatile("ud2");
}

static void halt(void)
{
    __asm__ volatile("hlt");
}

static void disable_interrupts(void)
{
    __asm__ volatile("cli");
}

static void read_control_register(void)
{
    uint64_t value;
    __asm__ volatile("movq %%cr3, %0" : "=r"(value));
}

static void write_control_register(void)
{
    __asm__ volatile("movq %0, %%cr4" : : "r"(0ull));
}

static void read_msr(void)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080));
}

static void write_msr(void)
{
    __asm__ volatile("wrmsr" : : "a"(0), "d"(0), "c"(0xc0000082)); /* LSTAR */
}

static void use_port(void)
{
    __asm__ volatile("outb %%al, $0x80" : : "a"(0));
}

static const struct {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed)) empty_table = {0, 0};

static void load_gdt(void)
{
    __asm__ volatile("lgdt %0" : : "m"(empty_table));
}

static void load_idt(void)
{
    __asm__ volatile("lidt %0" : : "m"(empty_table));
}

static void load_task(void)
{
    __asm__ volatile("ltr %w0" : : "r"(0));
}

static void invalidate_page(void)
{
    __asm__ volatile("invlpg (%0)" : : "r"(&data_word));
}

static void write_debug_register(void)
{
    __asm__ volatile("movq %0, %%dr7" : : "r"(0x401ull));
}

static void return_from_system_call(void)
{
    __asm__ volatile("sysretq" : : "c"(0));
}

static void swap_gs(void)
{
    __asm__ volatile("swapgs");
}

static void run_guest(void)
{
    __asm__ volatile("vmrun" : : "a"(&data_word));
}

static void set_xcr(void)
{
    __asm__ volatile("xsetbv" : : "a"(1), "d"(0), "c"(0));
}

static void software_interrupt(void)
{
    __asm__ volatile("int $0x80");
}

static void software_nmi(void)
{
    __asm__ volatile("int $2");
}

static void software_double_fault(void)
{
    __asm__ volatile("int $8");
}

static void bad_segment(void)
{
    __asm__ volatile("movw %w0, %%ds" : : "r"(0x7f8));
}

static void far_return_to_kernel_segment(void)
{
    __asm__ volatile("pushq $0x8\n\tpushq %0\n\tlretq" : : "r"(KERNEL_ADDRESS) : "memory");
}

static void interrupt_return_to_kernel_segment(void)
{
    __asm__ volatile("pushq $0x10\n\tpushq %0\n\tpushq $0x3002\n\tpushq $0x8\n\tpushq %0\n\tiretq"
                     :
                     : "r"(KERNEL_ADDRESS)
                     : "memory");
}

static void breakpoint(void)
{
    __asm__ volatile("int3");
}

static void divide_by_zero(void)
{
    __asm__ volatile("divl %%ecx" : : "a"(1), "d"(0), "c"(0));
}

static void invalid_instruction(void)
{
    __asm__ volatile("ud2");
}

static void jump_to_non_canonical(void)
{
    __asm__ volatile("jmpq *%0" : : "r"(OUTSIDE_ADDRESS));
}

static void read_non_canonical(void)
{
    (void)*(volatile uint64_t *)OUTSIDE_ADDRESS;
}

static void push_to_non_canonical(void)
{
    __asm__ volatile("movq %0, %%rsp\n\tpushq $0" : : "r"(OUTSIDE_ADDRESS + 0x1000));
}

static void jump_to_kernel(void)
{
    __asm__ volatile("jmpq *%0" : : "r"(KERNEL_ADDRESS));
}

static void run_data(void)
{
    __asm__ volatile("callq *%0" : : "r"(&data_word) : "memory");
}

static void run_stack(void)
{
    uint64_t code = 0xc3;
    __asm__ volatile("callq *%0" : : "r"(&code) : "memory");
}

static void exhaust_stack(void)
{
    __asm__ volatile("1: pushq $0\n\tjmp 1b");
}

/* The kernel must not use the stack of the program that faults. */
static void fault_with_bad_stack(void)
{
    __asm__ volatile("movq %0, %%rsp\n\tmovq $0, 0x666000" : : "r"(KERNEL_ADDRESS + 0x100000));
}

static void system_call_with_bad_stack(void)
{
    __asm__ volatile("movq %%rsp, %%rbx\n\t"
                     "movq %0, %%rsp\n\t"
                     "movl $15, %%eax\n\t" /* yield */
                     "syscall\n\t"
                     "movq $0, %%rsp\n\t"
                     "movl $15, %%eax\n\t"
                     "syscall\n\t"
                     "movq %1, %%rsp\n\t"
                     "movl $15, %%eax\n\t"
                     "syscall\n\t"
                     "movq %%rbx, %%rsp"
                     :
                     : "r"(KERNEL_ADDRESS + 0x100000), "r"(OUTSIDE_ADDRESS)
                     : "rax", "rbx", "rcx", "r11", "memory");
}

/* Direction, alignment check, nested task: none may confuse the kernel. */
static void system_call_with_flags(void)
{
    __asm__ volatile("pushfq\n\t"
                     "pushq $0x44600\n\t" /* AC, NT, DF, IF */
                     "popfq\n\t"
                     "movl $15, %%eax\n\t"
                     "syscall\n\t"
                     "popfq"
                     :
                     :
                     : "rax", "rcx", "r11", "memory");
}

static void single_step(void)
{
    __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop" : : : "memory");
}

static void single_step_a_system_call(void)
{
    __asm__ volatile("movl $15, %%eax\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tsyscall\n\tnop\n\tnop"
                     :
                     :
                     : "rax", "rcx", "r11", "memory");
}

static uint64_t raw_system_call(uint64_t number, const uint64_t arguments[6])
{
    uint64_t status = number;
    register uint64_t r10 __asm__("r10") = arguments[3];
    register uint64_t r8 __asm__("r8") = arguments[4];
    register uint64_t r9 __asm__("r9") = arguments[5];
    uint64_t rdi = arguments[0], rsi = arguments[1], rdx = arguments[2];
    __asm__ volatile("syscall"
                     : "+a"(status), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
                     :
                     : "rcx", "r11", "r15", "memory");
    return status;
}

/* Where the CPU lets programs write these, the kernel must not rely on them. */
static void write_segment_bases(void)
{
    static const uint64_t arguments[6] = {0};
    uint32_t eax = 7, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    __asm__ volatile("movw %w0, %%gs\n\tmovw %w0, %%fs" : : "r"(0));
    (void)raw_system_call(SYSCALL_YIELD, arguments);
    for (volatile unsigned int i = 0; i < 3000000; i++) { /* interrupts come meanwhile */
    }
}

static void interrupt_flag_by_popf(void)
{
    uint64_t flags;
    __asm__ volatile("pushq $0x2\n\tpopfq\n\tpushfq\n\tpopq %0" : "=r"(flags) : : "memory", "cc");
    if ((flags & 0x200) == 0) {
        stay_for_ever("WRONG interrupts are off\n");
    }
}
