/* SPDX-License-Identifier: BSD-2-Clause */
/* What is tried on AArch64 alone. */
#pragma once

/* Where a kernel would be on systems with halves; and past stage 2's 39 bits. */
#define KERNEL_ADDRESS     0xffff000000080000ull
#define OUTSIDE_ADDRESS    0x0000008000000000ull
/* In the first thread's own stack: its last 16 bytes. */
#define STACK_ADDRESS      0x7fffffbff0ull
#define RETURN_INSTRUCTION 0xd65f03c0u

static uint32_t data_word = RETURN_INSTRUCTION;

static void end_unharmed(void)
{
    __asm__ volatile("brk %0" : : "i"(UNHARMED));
}

static void hypercall(void)
{
    __asm__ volatile("hvc #0" ::: "memory");
}

static void secure_monitor_call(void)
{
    __asm__ volatile("smc #0" ::: "memory");
}

static void exception_return(void)
{
    __asm__ volatile("eret" ::: "memory");
}

static void mask_interrupts(void)
{
    __asm__ volatile("msr daifset, #15" ::: "memory");
}

static void select_stack(void)
{
    __asm__ volatile("msr spsel, #1" ::: "memory");
}

static void read_current_level(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, currentel" : "=r"(value));
}

static void read_identification(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, midr_el1" : "=r"(value));
}

static void write_system_control(void)
{
    __asm__ volatile("msr sctlr_el1, %0" : : "r"(0ull) : "memory");
}

static void write_translation_base(void)
{
    __asm__ volatile("msr ttbr0_el1, %0" : : "r"(0ull) : "memory");
}

static void write_vectors(void)
{
    __asm__ volatile("msr vbar_el1, %0" : : "r"(0ull) : "memory");
}

static void write_coprocessor_access(void)
{
    __asm__ volatile("msr cpacr_el1, %0" : : "r"(0ull) : "memory");
}

static void write_read_only_thread_register(void)
{
    __asm__ volatile("msr tpidrro_el0, %0" : : "r"(0ull) : "memory");
}

static void write_hypervisor_control(void)
{
    __asm__ volatile("msr hcr_el2, %0" : : "r"(0ull) : "memory");
}

static void write_stage_2_base(void)
{
    __asm__ volatile("msr vttbr_el2, %0" : : "r"(0ull) : "memory");
}

static void write_hypervisor_vectors(void)
{
    __asm__ volatile("msr vbar_el2, %0" : : "r"(0ull) : "memory");
}

static void write_counter_offset(void)
{
    __asm__ volatile("msr cntvoff_el2, %0" : : "r"(0ull) : "memory");
}

static void write_virtual_timer(void)
{
    __asm__ volatile("msr cntv_ctl_el0, %0" : : "r"(0ull) : "memory");
}

static void write_physical_timer(void)
{
    __asm__ volatile("msr cntp_cval_el0, %0" : : "r"(0ull) : "memory");
}

static void write_debug_control(void)
{
    __asm__ volatile("msr mdscr_el1, %0" : : "r"(0ull) : "memory");
}

static void read_performance_counter(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value));
}

static void acknowledge_interrupt(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, s3_0_c12_c12_0" : "=r"(value));
}

static void send_interrupts(void)
{
    __asm__ volatile("msr s3_0_c12_c11_5, %0" : : "r"(0ull) : "memory");
}

static void invalidate_translations(void)
{
    __asm__ volatile("tlbi vmalle1" ::: "memory");
}

static void invalidate_cache_by_set(void)
{
    __asm__ volatile("dc isw, %0" : : "r"(0ull) : "memory");
}

static void invalidate_cache_line(void)
{
    __asm__ volatile("dc ivac, %0" : : "r"(&data_word) : "memory"); /* would undo writes */
}

static void breakpoint(void)
{
    __asm__ volatile("brk #0");
}

static void invalid_instruction(void)
{
    __asm__ volatile("udf #0");
}

static void jump_to_outside(void)
{
    __asm__ volatile("br %0" : : "r"(OUTSIDE_ADDRESS));
}

static void jump_to_kernel(void)
{
    __asm__ volatile("br %0" : : "r"(KERNEL_ADDRESS));
}

static void jump_between_instructions(void)
{
    __asm__ volatile("br %0" : : "r"((uintptr_t)jump_to_kernel + 2));
}

static void push_on_misaligned_stack(void)
{
    __asm__ volatile("mov sp, %0\n\tstr xzr, [sp]" : : "r"(STACK_ADDRESS + 8) : "memory");
}

static void run_data(void)
{
    __asm__ volatile("blr %0" : : "r"(&data_word) : "memory", "x30");
}

static void run_stack(void)
{
    uint32_t code = RETURN_INSTRUCTION;
    __asm__ volatile("blr %0" : : "r"(&code) : "memory", "x30");
}

static void exhaust_stack(void)
{
    __asm__ volatile("1: str xzr, [sp, #-16]!\n\tb 1b");
}

/* Half of the access would be possible. */
static void write_across_the_end_of_the_stack(void)
{
    *(volatile uint64_t *)(STACK_ADDRESS + 12) = 0;
}

static uint64_t raw_system_call(uint64_t number, const uint64_t arguments[6])
{
    register uint64_t x0 __asm__("x0") = arguments[0];
    register uint64_t x1 __asm__("x1") = arguments[1];
    register uint64_t x2 __asm__("x2") = arguments[3];
    register uint64_t x3 __asm__("x3") = arguments[4];
    register uint64_t x4 __asm__("x4") = arguments[5];
    register uint64_t x6 __asm__("x6") = arguments[2];
    register uint64_t x7 __asm__("x7") = number;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x6), "+r"(x7)
                     :
                     : "x5", "memory");
    return x7;
}

/* The kernel must not use the stack of the program that faults. */
static void fault_with_bad_stack(void)
{
    __asm__ volatile("mov sp, %0\n\tstr xzr, [%1]" : : "r"(KERNEL_ADDRESS + 0x100000), "r"(0x666000ull) : "memory");
}

static void system_call_with_bad_stack(void)
{
    __asm__ volatile("mov x9, sp\n\t"
                     "mov x10, #0\n\t"
                     "mov sp, %0\n\t"
                     "mov x7, #15\n\t" /* yield */
                     "svc #0\n\t"
                     "mov sp, x10\n\t"
                     "mov x7, #15\n\t"
                     "svc #0\n\t"
                     "mov sp, %1\n\t"
                     "mov x7, #15\n\t"
                     "svc #0\n\t"
                     "mov sp, x9"
                     :
                     : "r"(KERNEL_ADDRESS + 0x100001), "r"(OUTSIDE_ADDRESS)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "memory");
}

/* Whatever the instruction says beside its name. */
static void system_call_with_immediate(void)
{
    register uint64_t x7 __asm__("x7") = SYSCALL_YIELD;
    __asm__ volatile("svc #0xffff" : "+r"(x7) : : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "memory");
}

/* What programs may write, the kernel must not rely on, and must keep. */
static void write_thread_register(void)
{
    static const uint64_t arguments[6] = {0};
    uint64_t value;
    __asm__ volatile("msr tpidr_el0, %0\n\tmsr nzcv, %1" : : "r"(KERNEL_ADDRESS), "r"(0xf0000000ull) : "cc");
    (void)raw_system_call(SYSCALL_YIELD, arguments);
    for (volatile unsigned int i = 0; i < 3000000; i++) { /* interrupts come meanwhile */
    }
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
    if (value != KERNEL_ADDRESS) {
        stay_for_ever("WRONG a thread register was lost\n");
    }
}
