/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Costs of leaving the guest and coming back, in nanoseconds of the virtual counter. In
 * an emulator that counts instructions, one nanosecond is one instruction, of guest and
 * host alike; the counter is coarser than that, so costs are means of many runs, and
 * the least of the means of few.
 *
 * Prints lines "bench NAME MINIMUM MEAN" after all measurements are done, so that the
 * console's own work disturbs none of them.
 */
#include "../../../../guests/bare/arch/aarch64/bare.h"

#define ITERATIONS 2000u
#define BATCH      50u

static uint64_t frequency;
static volatile uint64_t interrupts;     /* taken by the first vCPU */
static volatile uint64_t timer_latency;  /* ticks from the timer's deadline to its handler, sum */
static volatile uint64_t timer_deadline; /* in the virtual counter */
static volatile uint64_t replies;        /* by the second vCPU */
static volatile bool second_ready;

static uint64_t nanoseconds(uint64_t ticks)
{
    return ticks * 1000000000ull / frequency;
}

void exception(uint64_t vector, struct frame *frame)
{
    uint64_t time = read_register(cntvct_el0);
    if ((vector & 3) != 1) {
        print("\nbench-failed: unexpected exception, ESR ");
        print_number(frame->esr);
        print(" at ");
        print_number(frame->elr);
        print("\n");
        (void)firmware(PSCI_SYSTEM_RESET, 0, 0, 0);
        for (;;) {
            wait_for_interrupt();
        }
    }
    uint32_t acknowledged = gic_acknowledge();
    if ((acknowledged & 0x3ff) == GUEST_PPI_VIRTUAL_TIMER) {
        timer_latency += time - timer_deadline;
        write_register(cntv_ctl_el0, 0);
    }
    if (vcpu_index() == 0) {
        interrupts++;
    } else {
        replies++;
        gic_send(0, 2);
    }
    gic_end(acknowledged);
}

void second_main(void)
{
    gic_start();
    second_ready = true;
    for (;;) {
        wait_for_interrupt();
        interrupts_on();
        interrupts_off();
    }
}

/* --- What is measured --- */

static void nothing(void)
{
}

static void hypercall(void)
{
    (void)firmware(PSCI_VERSION, 0, 0, 0);
}

static void mmio_read(void)
{
    (void)read32(GUEST_UART_BASE + UART_FLAG);
}

/* The UART's interrupt mask. */
static void mmio_write(void)
{
    write32(GUEST_UART_BASE + 0x38, 0);
}

static void distributor_read(void)
{
    (void)read32(GICD_TYPER);
}

static void id_register_read(void)
{
    (void)read_register(id_aa64isar0_el1);
}

/* Until the handler has returned. */
static void self_interrupt(void)
{
    uint64_t count = interrupts;
    gic_send(0, 1);
    while (interrupts == count) {
    }
}

/* There and back: two interrupts, each to a vCPU that waits for one. On one processor the two take turns. */
static void other_interrupt(void)
{
    uint64_t count = interrupts;
    gic_send(1, 1);
    while (interrupts == count) {
        interrupts_off();
        if (interrupts == count) {
            wait_for_interrupt();
        }
        interrupts_on();
    }
}

/* A character to print, all the way: the console's share is spread over many. */
static void console_character(void)
{
    write32(GUEST_UART_BASE + UART_DATA, '.');
}

struct result {
    const char *name;
    uint64_t minimum, mean;
};

static struct result results[16];
static size_t result_count;
static uint64_t empty;

static void add(const char *name, uint64_t minimum, uint64_t mean)
{
    results[result_count++] = (struct result){name, minimum, mean};
}

static void measure(const char *name, void (*one)(void), uint32_t iterations)
{
    uint64_t minimum = ~0ull, sum = 0;
    for (uint32_t i = 0; i < 10; i++) {
        one();
    }
    for (uint32_t batch = 0; batch < iterations / BATCH; batch++) {
        uint64_t start = now();
        for (uint32_t i = 0; i < BATCH; i++) {
            one();
        }
        uint64_t ticks = now() - start;
        minimum = ticks < minimum ? ticks : minimum;
        sum += ticks;
    }
    uint64_t mean = nanoseconds(sum) / (iterations / BATCH * BATCH);
    minimum = nanoseconds(minimum) / BATCH;
    add(name, minimum > empty ? minimum - empty : 0, mean > empty ? mean - empty : 0);
}

/* From the deadline to the first instruction of the handler proper. */
static void measure_timer(uint32_t iterations)
{
    uint64_t minimum = ~0ull;
    uint64_t delay = frequency / 20000;
    timer_latency = 0;
    for (uint32_t i = 0; i < iterations; i++) {
        uint64_t count = interrupts;
        uint64_t before = timer_latency;
        timer_deadline = now() + delay;
        write_register(cntv_cval_el0, timer_deadline);
        write_register(cntv_ctl_el0, 1);
        while (interrupts == count) {
        }
        minimum = timer_latency - before < minimum ? timer_latency - before : minimum;
    }
    add("timer_interrupt", nanoseconds(minimum), nanoseconds(timer_latency) / iterations);
}

/* The other vCPU, where there is one. */
static bool start_second(void)
{
    if (firmware(PSCI_CPU_ON, 1, (uint64_t)(uintptr_t)second_start, 0) != 0) {
        return false;
    }
    while (!second_ready) {
        (void)firmware(PSCI_VERSION, 0, 0, 0);
    }
    return true;
}

void guest_main(void)
{
    frequency = read_register(cntfrq_el0);
    measure("nothing", nothing, ITERATIONS);
    empty = results[0].mean;
    measure("hypercall", hypercall, ITERATIONS);
    measure("mmio_read", mmio_read, ITERATIONS);
    measure("mmio_write", mmio_write, ITERATIONS);
    measure("gic_read", distributor_read, ITERATIONS);
    measure("id_register", id_register_read, ITERATIONS);
    gic_start();
    interrupts_on();
    measure_timer(ITERATIONS);
    measure("self_sgi", self_interrupt, ITERATIONS);
    if (start_second()) {
        measure("sgi_and_back", other_interrupt, ITERATIONS);
    }
    interrupts_off();
    measure("console_character", console_character, 2 * ITERATIONS);
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
    (void)firmware(PSCI_SYSTEM_RESET, 0, 0, 0);
}
