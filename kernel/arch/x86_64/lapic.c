/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cpu.h>
#include <arch/cpu_features.h>
#include <arch/lapic.h>
#include <arch/msr.h>
#include <arch/page_table.h>

#define REGISTER_ID            0x020u
#define REGISTER_TPR           0x080u
#define REGISTER_EOI           0x0b0u
#define REGISTER_SPURIOUS      0x0f0u
#define REGISTER_ISR           0x100u
#define REGISTER_ERROR         0x280u
#define REGISTER_COMMAND       0x300u
#define REGISTER_COMMAND_HIGH  0x310u
#define REGISTER_LVT_TIMER     0x320u
#define REGISTER_LVT_THERMAL   0x330u
#define REGISTER_LVT_COUNTERS  0x340u
#define REGISTER_LVT_LINT0     0x350u
#define REGISTER_LVT_LINT1     0x360u
#define REGISTER_LVT_ERROR     0x370u
#define REGISTER_INITIAL_COUNT 0x380u
#define REGISTER_CURRENT_COUNT 0x390u
#define REGISTER_DIVIDE        0x3e0u

#define LVT_MASKED         (1u << 16)
#define LVT_NMI            (4u << 8)
#define TIMER_TSC_DEADLINE (2u << 17)
#define SPURIOUS_ENABLE    (1u << 8)
#define DIVIDE_BY_1        0xbu
#define COMMAND_PENDING    (1u << 12)
#define COMMAND_ASSERT     (1u << 14)
#define COMMAND_NMI        (4u << 8)
#define COMMAND_ALL_OTHERS (3u << 18)
#define APIC_BASE_ENABLE   (1ull << 11)

static volatile uint32_t *registers;
/* Timer ticks per TSC tick, 32.32 fixed point. */
static uint64_t timer_ratio;

static uint32_t read(uint32_t index)
{
    if (cpu_features.x2apic) {
        return (uint32_t)rdmsr(MSR_X2APIC_BASE + index / 16);
    }
    return registers[index / 4];
}

static void write(uint32_t index, uint32_t value)
{
    if (cpu_features.x2apic) {
        wrmsr(MSR_X2APIC_BASE + index / 16, value);
    } else {
        registers[index / 4] = value;
    }
}

void lapic_init(hpa_t address)
{
    if (!cpu_features.x2apic) {
        registers = page_table_map_device(address, PAGE_SIZE_4K);
    }
}

void lapic_cpu_init(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
    write(REGISTER_TPR, 0);
    write(REGISTER_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    write(REGISTER_LVT_THERMAL, LVT_MASKED | VECTOR_SPURIOUS);
    write(REGISTER_LVT_COUNTERS, LVT_MASKED | VECTOR_SPURIOUS);
    write(REGISTER_LVT_LINT0, LVT_MASKED | VECTOR_SPURIOUS);
    write(REGISTER_LVT_LINT1, LVT_NMI);
    write(REGISTER_LVT_ERROR, VECTOR_APIC_ERROR);
    write(REGISTER_DIVIDE, DIVIDE_BY_1);
    write(REGISTER_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    if (cpu_features.tsc_deadline) {
        write(REGISTER_LVT_TIMER, TIMER_TSC_DEADLINE | VECTOR_TIMER);
        /* The mode must be in force before the first deadline is written. */
        __asm__ volatile("mfence" : : : "memory");
    } else if (timer_ratio != 0) {
        write(REGISTER_LVT_TIMER, VECTOR_TIMER);
    }
}

uint32_t lapic_id(void)
{
    uint32_t id = read(REGISTER_ID);
    return cpu_features.x2apic ? id : id >> 24;
}

void lapic_end_of_interrupt(void)
{
    write(REGISTER_EOI, 0);
}

bool lapic_in_service(uint32_t vector)
{
    return (read(REGISTER_ISR + vector / 32 * 16) >> (vector % 32) & 1) != 0;
}

static void command(uint32_t destination, uint32_t low)
{
    if (cpu_features.x2apic) {
        /* Not serialising: earlier stores must be visible before. */
        __asm__ volatile("mfence; lfence" : : : "memory");
        wrmsr(MSR_X2APIC_BASE + REGISTER_COMMAND / 16, (uint64_t)destination << 32 | low);
        return;
    }
    /* The previous command leaves within microseconds, or the hardware is broken. */
    for (uint32_t attempt = 0; attempt < 1000000 && (read(REGISTER_COMMAND) & COMMAND_PENDING) != 0; attempt++) {
        cpu_pause();
    }
    write(REGISTER_COMMAND_HIGH, destination << 24);
    write(REGISTER_COMMAND, low);
}

void lapic_send(uint32_t apic_id, uint32_t vector)
{
    command(apic_id, COMMAND_ASSERT | vector);
}

void lapic_send_nmi_to_others(void)
{
    if (cpu_features.x2apic || registers != NULL) {
        command(0, COMMAND_ASSERT | COMMAND_NMI | COMMAND_ALL_OTHERS);
    }
}

uint32_t lapic_errors(void)
{
    write(REGISTER_ERROR, 0);
    return read(REGISTER_ERROR);
}

void lapic_timer_start(uint32_t count)
{
    write(REGISTER_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    write(REGISTER_INITIAL_COUNT, count);
}

uint32_t lapic_timer_current(void)
{
    return read(REGISTER_CURRENT_COUNT);
}

void lapic_timer_set_ratio(uint64_t tsc_ticks, uint64_t timer_ticks)
{
    timer_ratio = (timer_ticks << 32) / tsc_ticks;
    write(REGISTER_INITIAL_COUNT, 0);
    write(REGISTER_LVT_TIMER, VECTOR_TIMER);
}

void lapic_timer_arm(uint64_t deadline)
{
    if (cpu_features.tsc_deadline) {
        /* 0 would disarm. */
        wrmsr(MSR_TSC_DEADLINE, deadline == 0 ? 1 : deadline == UINT64_MAX ? 0 : deadline);
        return;
    }
    uint64_t now = read_tsc();
    uint64_t delta = deadline > now ? deadline - now : 0;
    /* Any longer wait is made of shorter ones. */
    uint64_t limit = UINT32_MAX;
    delta = delta < limit ? delta : limit;
    uint64_t count = (uint64_t)((unsigned __int128)delta * timer_ratio >> 32) + 1;
    write(REGISTER_INITIAL_COUNT, count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
}
