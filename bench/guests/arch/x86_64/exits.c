/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Costs of leaving the guest and coming back, in TSC ticks. In an emulator that
 * counts instructions, one tick is one instruction, of guest and host alike.
 *
 * Prints lines "bench NAME MINIMUM MEAN" on the first serial port after all
 * measurements are done, so that the console's own work disturbs none of them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ITERATIONS 1000u

#define COM1         0x3f8
#define COM1_SCRATCH 0x3ff
#define RESET_PORT   0xcf9

#define MSR_APIC_BASE    0x1bu
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC_SVR   0x80fu
#define MSR_X2APIC_TIMER 0x832u
#define MSR_X2APIC_SELF  0x83fu
#define MSR_X2APIC_TPR   0x808u

#define APIC_BASE_ENABLE (1u << 11)
#define APIC_BASE_X2APIC (1u << 10)
#define APIC_VERSION     0xfee00030u
#define LVT_TSC_DEADLINE (2u << 17)
#define VECTOR           0x40u

extern volatile uint64_t interrupt_count;
void guest_main(void);
void guest_unexpected(uint64_t top_of_stack);

static inline uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline uint64_t read_msr(uint32_t index)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static void print(const char *text)
{
    while (*text != '\0') {
        out8(COM1, (uint8_t)*text++);
    }
}

static void print_number(uint64_t value)
{
    char digits[21];
    size_t i = sizeof(digits) - 1;
    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(digits + i);
}

void guest_unexpected(uint64_t top_of_stack)
{
    print("\nbench-failed: unexpected exception, ");
    print_number(top_of_stack);
    print("\n");
    out8(RESET_PORT, 6);
}

/* --- What is measured. Each returns its ticks, the reading of the TSC excluded. --- */

static uint64_t nothing(void)
{
    uint64_t start = read_tsc();
    return read_tsc() - start;
}

static uint64_t cpuid_exit(void)
{
    uint32_t eax = 0, ebx, ecx = 0, edx;
    uint64_t start = read_tsc();
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx) : : "memory");
    return read_tsc() - start;
}

static uint64_t port_write(void)
{
    uint64_t start = read_tsc();
    out8(COM1_SCRATCH, 0x5a);
    return read_tsc() - start;
}

static uint64_t port_read(void)
{
    uint64_t start = read_tsc();
    (void)in8(COM1_SCRATCH);
    return read_tsc() - start;
}

/* xAPIC mode only. */
static uint64_t mmio_read(void)
{
    uint64_t start = read_tsc();
    (void)*(volatile uint32_t *)(uintptr_t)APIC_VERSION;
    return read_tsc() - start;
}

/* Instructions that the VMM has not met lately, and has to decode. */
#define FIRST_READS 512
static uint64_t mmio_read_first(void)
{
    uint64_t start = read_tsc();
    __asm__ volatile(".rept 512\n\tmovl (%0), %%eax\n\t.endr" : : "r"((uintptr_t)APIC_VERSION) : "eax", "memory");
    return (read_tsc() - start) / FIRST_READS;
}

static uint64_t msr_write(void)
{
    uint64_t start = read_tsc();
    write_msr(MSR_X2APIC_TPR, 0);
    return read_tsc() - start;
}

/* What setting the timer costs, and what its interrupt costs beyond the time
 * for which it was set: from the write to the guest's handler having returned. */
static uint64_t deadline_timer(void)
{
    const uint64_t delay = 50000;
    uint64_t count = interrupt_count;
    uint64_t start = read_tsc();
    write_msr(MSR_TSC_DEADLINE, start + delay);
    uint64_t set = read_tsc() - start;
    while (interrupt_count == count) {
    }
    uint64_t total = read_tsc() - start;
    return set + (total > delay ? total - delay : 0);
}

static uint64_t self_interrupt(void)
{
    uint64_t count = interrupt_count;
    uint64_t start = read_tsc();
    write_msr(MSR_X2APIC_SELF, VECTOR);
    while (interrupt_count == count) {
    }
    return read_tsc() - start;
}

/* A character to print, all the way: the console's share is spread over many. */
static uint64_t console_character(void)
{
    uint64_t start = read_tsc();
    out8(COM1, '.');
    return read_tsc() - start;
}

struct result {
    const char *name;
    uint64_t minimum, mean;
};

static struct result results[12];
static size_t result_count;
static uint64_t empty;

static void measure(const char *name, uint64_t (*one)(void), uint32_t iterations)
{
    uint64_t minimum = ~0ull, sum = 0;
    for (uint32_t i = 0; i < 10; i++) {
        (void)one();
    }
    for (uint32_t i = 0; i < iterations; i++) {
        uint64_t ticks = one() - empty;
        minimum = ticks < minimum ? ticks : minimum;
        sum += ticks;
    }
    results[result_count++] = (struct result){name, minimum, sum / iterations};
}

void guest_main(void)
{
    measure("nothing", nothing, ITERATIONS);
    empty = results[0].minimum;
    measure("cpuid_exit", cpuid_exit, ITERATIONS);
    measure("port_write", port_write, ITERATIONS);
    measure("port_read", port_read, ITERATIONS);
    measure("mmio_read", mmio_read, ITERATIONS);
    measure("mmio_read_first", mmio_read_first, 10);
    write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
    write_msr(MSR_X2APIC_SVR, 0x1ff);
    write_msr(MSR_X2APIC_TIMER, LVT_TSC_DEADLINE | VECTOR);
    measure("msr_write", msr_write, ITERATIONS);
    __asm__ volatile("sti");
    measure("tsc_deadline", deadline_timer, ITERATIONS);
    measure("self_ipi", self_interrupt, ITERATIONS);
    __asm__ volatile("cli");
    measure("console_character", console_character, 4 * ITERATIONS);
    print("\n");
    for (size_t i = 0; i < result_count; i++) {
        print("bench ");
        print(results[i].name);
        print(" ");
        print_number(results[i].minimum);
        print(" ");
        print_number(results[i].mean);
        print("\n");
    }
    print("bench-done\n");
    out8(RESET_PORT, 6);
}
