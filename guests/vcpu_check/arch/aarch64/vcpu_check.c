/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks its own virtual CPUs: that registers keep their values while other guests use
 * the same processor, and that interrupts and exceptions come as they do on real ones.
 * Prints a line for each check and a last one with their sum.
 */
#include "checks.h"

volatile uint64_t skip_to;
static volatile uint64_t counts[16]; /* of exceptions, by class */
static volatile uint64_t sgi_counts[2][16];
static volatile uint64_t last_class;
static volatile uint64_t timer_count, timer_early, nested, in_handler;
static volatile uint64_t sgi_order;
static unsigned int failures;

void check(const char *name, bool good)
{
    print(good ? "vcpu-check: ok " : "vcpu-check: FAILED ");
    print(name);
    print("\r\n");
    failures += !good;
}

static void interrupt(void)
{
    uint32_t acknowledged = gic_acknowledge();
    uint32_t intid = acknowledged & 0x3ff;
    nested |= in_handler++ != 0 && vcpu_index() == 0;
    if (intid == GUEST_PPI_VIRTUAL_TIMER) {
        timer_early += (int64_t)(now() - read_register(cntv_cval_el0)) < 0;
        write_register(cntv_ctl_el0, 0);
        timer_count++;
    } else if (intid < 16) {
        sgi_counts[vcpu_index() & 1][intid]++;
        sgi_order = sgi_order << 4 | intid;
    }
    gic_end(acknowledged);
    in_handler--;
}

void exception(uint64_t vector, struct frame *frame)
{
    if ((vector & 3) == 1) {
        interrupt();
        return;
    }
    last_class = frame->esr >> 26;
    counts[vector]++;
    if (skip_to != 0) {
        frame->elr = skip_to;
        frame->spsr = PSTATE_HERE;
        skip_to = 0;
        return;
    }
    print("vcpu-check: FAILED unexpected exception, ESR ");
    print_number(frame->esr);
    print(" at ");
    print_number(frame->elr);
    print("\r\nvcpu-check: something is wrong\r\n");
    for (;;) {
        wait_for_interrupt();
    }
}

uint64_t exceptions_taken(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < 16; i++) {
        sum += counts[i];
    }
    return sum;
}

uint64_t exception_class(void)
{
    return last_class;
}

/* --- Interrupts --- */

static void leave_the_guest(unsigned int times)
{
    for (unsigned int i = 0; i < times; i++) {
        (void)firmware(PSCI_VERSION, 0, 0, 0);
    }
}

static void check_interrupts(void)
{
    volatile uint64_t *count = &sgi_counts[0][1];
    gic_send(0, 1);
    leave_the_guest(100);
    check("no interrupt while they are masked", *count == 0);
    interrupts_on();
    leave_the_guest(2);
    interrupts_off();
    check("it comes when they are unmasked, once", *count == 1);
    interrupts_on();
    for (int i = 0; i < 1000; i++) {
        uint64_t before = *count;
        gic_send(0, 1);
        for (int j = 0; j < 1000 && *count == before; j++) {
        }
    }
    interrupts_off();
    check("each of 1000 interrupts to itself comes", *count == 1001);
    uint64_t before = *count;
    gic_send(0, 1);
    wait_for_interrupt();
    interrupts_on();
    leave_the_guest(1);
    interrupts_off();
    check("WFI ends with an interrupt that is pending and masked", *count == before + 1);
    gic_mask(0x40);
    interrupts_on();
    gic_send(0, 1);
    leave_the_guest(100);
    bool held = *count == before + 1;
    gic_mask(0xf8);
    leave_the_guest(2);
    interrupts_off();
    check("the priority mask holds an interrupt back, for so long", held && *count == before + 2);
    check("no interrupt came within a handler", nested == 0);
}

/* More are pending than there are list registers: all of them come, each once, the most urgent first. */
static void check_many_interrupts(void)
{
    uint64_t before[16];
    bool once = true;
    for (uint32_t intid = 0; intid < 16; intid++) {
        before[intid] = sgi_counts[0][intid];
        gic_set_priority(intid, (uint8_t)(0xf0 - intid * 8));
    }
    for (uint32_t intid = 0; intid < 16; intid++) {
        gic_send(0, intid);
    }
    sgi_order = 0;
    interrupts_on();
    leave_the_guest(100);
    interrupts_off();
    for (uint32_t intid = 0; intid < 16; intid++) {
        once &= sgi_counts[0][intid] == before[intid] + 1;
        gic_set_priority(intid, PRIORITY_DEFAULT);
    }
    check("16 interrupts at once come, each once", once);
}

/* --- Timer --- */

static void set_timer(uint64_t delay)
{
    write_register(cntv_cval_el0, now() + delay);
    write_register(cntv_ctl_el0, 1);
}

static void check_timer(void)
{
    uint64_t frequency = read_register(cntfrq_el0);
    uint64_t millisecond = frequency / 1000;
    check("the timer's frequency", frequency >= 1000000 && frequency <= 1000000000);
    interrupts_on();
    set_timer(millisecond);
    uint64_t start = now();
    while (timer_count == 0 && now() - start < 10 * frequency) {
    }
    check("the timer interrupts a busy guest", timer_count == 1);
    for (int i = 0; i < 100; i++) {
        uint64_t count = timer_count;
        set_timer(millisecond);
        while (timer_count == count && now() - start < 60 * frequency) {
            interrupts_off();
            if (timer_count == count) {
                wait_for_interrupt();
            }
            interrupts_on();
        }
    }
    check("the timer ends WFI, 100 times", timer_count == 101);
    for (int i = 0; i < 100; i++) {
        uint64_t count = timer_count;
        set_timer(0);
        leave_the_guest(1);
        while (timer_count == count && now() - start < 60 * frequency) {
        }
    }
    check("a deadline that has passed interrupts at once, 100 times", timer_count == 201);
    check("the timer never came early", timer_early == 0);
    write_register(cntv_cval_el0, 0);
    write_register(cntv_ctl_el0, 3);
    leave_the_guest(100);
    bool masked = timer_count == 201 && read_register(cntv_ctl_el0) == 7;
    write_register(cntv_ctl_el0, 1);
    leave_the_guest(2);
    check("a masked timer does not interrupt, until it is unmasked", masked && timer_count == 202);
    interrupts_off();
    set_timer(0);
    leave_the_guest(100);
    write_register(cntv_ctl_el0, 0);
    leave_the_guest(1);
    uint64_t count = timer_count; /* interrupts are off */
    set_timer(millisecond);
    interrupts_on();
    start = now();
    while (now() - start < 20 * millisecond) {
    }
    interrupts_off();
    check("it goes on after it was turned off while pending", timer_count > count && timer_count <= count + 2);
}

/* --- Two vCPUs --- */

static volatile bool second_ready;
static volatile uint64_t second_stop;

void second_main(void)
{
    gic_start();
    second_ready = true;
    uint64_t seen = 0;
    for (;;) {
        interrupts_off();
        if (sgi_counts[1][3] == seen) {
            wait_for_interrupt();
        }
        interrupts_on();
        while (seen != sgi_counts[1][3]) {
            seen++;
            gic_send(0, 4);
        }
    }
}

static void check_second(void)
{
    if (firmware(PSCI_CPU_ON, 1, (uint64_t)(uintptr_t)second_start, 0) != 0) {
        print("vcpu-check: there is no second vCPU\r\n");
        return;
    }
    while (!second_ready) {
        leave_the_guest(1);
    }
    interrupts_on();
    bool all = true;
    uint64_t before = sgi_counts[0][4];
    for (uint64_t i = 1; i <= 1000 && all; i++) {
        gic_send(1, 3);
        uint64_t start = now();
        while (sgi_counts[0][4] - before < i && all) {
            interrupts_off();
            if ((i & 1) == 0 && sgi_counts[0][4] - before < i) {
                wait_for_interrupt();
            }
            interrupts_on();
            all = now() - start < 20 * read_register(cntfrq_el0);
        }
    }
    interrupts_off();
    check("1000 interrupts to the second vCPU and back",
          all && sgi_counts[0][4] == before + 1000 && sgi_counts[1][3] == 1000);
}

void guest_main(void)
{
    print("\r\nvcpu-check: begins\r\n");
    check("the interrupt interface is as after power-on", gic_is_fresh());
    gic_start();
    check_interrupts();
    check_many_interrupts();
    check_timer();
    check_instructions();
    check_kept_values();
    check_second();
    /* For whoever comes after a reset: an interrupt is active. */
    gic_send(0, 5);
    check("an interrupt is taken without its handler", (gic_acknowledge() & 0x3ff) == 5);
    print(failures == 0 ? "vcpu-check: all is well\r\n" : "vcpu-check: something is wrong\r\n");
    for (;;) {
        wait_for_interrupt();
    }
}
