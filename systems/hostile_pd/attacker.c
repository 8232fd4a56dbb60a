/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries one thing that a program must not be able to do. The digits at the end of
 * its name say which. */
#include <skyscope.h>
#include <stdint.h>

#include "attacks.h"

#define KERNEL_ADDRESS 0xffffffff80000000ull
#define NON_CANONICAL  0x0000800000000000ull

static const char constant[] = "constant";
static uint64_t data_word = 0xc3; /* RET */

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
    __asm__ volatile("jmpq *%0" : : "r"(NON_CANONICAL));
}

static void read_non_canonical(void)
{
    (void)*(volatile uint64_t *)NON_CANONICAL;
}

static void push_to_non_canonical(void)
{
    __asm__ volatile("movq %0, %%rsp\n\tpushq $0" : : "r"(NON_CANONICAL + 0x1000));
}

static void read_kernel(void)
{
    (void)*(volatile uint64_t *)KERNEL_ADDRESS;
}

static void write_kernel(void)
{
    *(volatile uint64_t *)(KERNEL_ADDRESS + 0x1000) = 0;
}

static void jump_to_kernel(void)
{
    __asm__ volatile("jmpq *%0" : : "r"(KERNEL_ADDRESS));
}

static void read_all_ones(void)
{
    (void)*(volatile uint8_t *)0xffffffffffffffffull;
}

static void write_own_code(void)
{
    *(volatile uint8_t *)(uintptr_t)write_own_code = 0xc3;
}

static void write_own_constants(void)
{
    *(volatile char *)(uintptr_t)constant = 'C';
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

static void write_below_program(void)
{
    *(volatile uint64_t *)0x1ff000 = 0;
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
                     : "r"(KERNEL_ADDRESS + 0x100000), "r"(NON_CANONICAL)
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

static void stay_for_ever(void)
{
    for (;;) {
        microkit_dbg_puts("WRONG an unknown system call did something\n");
    }
}

static void unknown_system_calls(void)
{
    static const uint64_t numbers[] = {SYSCALL_COUNT, 255,        0x100000000ull, 0xffffffffull,
                                       ~0ull,         1ull << 63, NON_CANONICAL};
    static const uint64_t arguments[6] = {0};
    for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (raw_system_call(numbers[i], arguments) != (uint64_t)-SKYSCOPE_NO_SUCH_CALL) {
            stay_for_ever();
        }
    }
}

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_word(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Small, huge, an address, or random bits. */
static uint64_t random_argument(void)
{
    static const uint64_t interesting[] = {KERNEL_ADDRESS, NON_CANONICAL, ~0ull, 0x7ffffffff000ull, 62, 63, 64,
                                           1ull << 63};
    uint64_t choice = random_word() % 4;
    return choice == 0   ? random_word() % 70
           : choice == 1 ? interesting[random_word() % 8]
           : choice == 2 ? 1ull << random_word() % 64
                         : random_word();
}

static void random_system_calls(void)
{
    for (unsigned int i = 0; i < 20000; i++) {
        uint64_t arguments[6];
        for (unsigned int j = 0; j < 6; j++) {
            arguments[j] = random_argument();
        }
        uint64_t number = random_word() % 24;
        bool waits = number == SYSCALL_RECV || number == SYSCALL_REPLY_RECV || number == SYSCALL_SEND_RECV;
        bool writes = number == SYSCALL_DEBUG_WRITE && arguments[1] <= 32;
        if (waits || writes) {
            continue;
        }
        seL4_GetIPCBuffer()->msg[random_word() % 120] = arguments[0];
        (void)raw_system_call(number, arguments);
    }
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
        stay_for_ever();
    }
}

static void storm_of_faults(void)
{
    for (unsigned int i = 0; i < 3000; i++) {
        seL4_Yield();
        *(volatile uint8_t *)(0x7fffffffcff0ull) = (uint8_t)i; /* its own stack: allowed */
    }
}

/* --- */

#define FUNCTION(function, expectation) function,
static void (*const attacks[])(void) = {ATTACKS(FUNCTION)};

void init(void)
{
    /* attack_NN */
    unsigned int number = (unsigned int)(microkit_name[7] - '0') * 10 + (unsigned int)(microkit_name[8] - '0');
    if (number < sizeof(attacks) / sizeof(attacks[0])) {
        attacks[number]();
    }
    __asm__ volatile("ud2");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
