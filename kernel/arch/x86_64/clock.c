/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TSC's frequency comes from CPUID if the CPU or a hypervisor says it, else
 * it is measured against the HPET, the ACPI PM timer or the PIT, whichever is
 * there first. A measurement counts when a second one agrees with it.
 */
#include <arch/clock.h>
#include <arch/cpu.h>
#include <arch/cpu_features.h>
#include <arch/cpuid.h>
#include <arch/lapic.h>
#include <arch/page_table.h>
#include <arch/port.h>
#include <kernel/log.h>
#include <skyscope/kernel_info.h>

#define MICROSECONDS_PER_SECOND 1000000ull
#define FEMTOSECONDS_PER_SECOND 1000000000000000ull
#define WINDOW_US               2000ull
#define ATTEMPTS                8

#define HPET_CAPABILITIES  0x000u
#define HPET_CONFIGURATION 0x010u
#define HPET_COUNTER       0x0f0u
#define HPET_ENABLE        1u
#define HPET_MAX_PERIOD    100000000u /* femtoseconds */

#define PM_TIMER_HZ  3579545ull
#define PIT_HZ       1193182ull
#define PIT_CHANNEL2 0x42u
#define PIT_COMMAND  0x43u
#define PIT_GATE     0x61u

struct reference {
    uint32_t kind;      /* enum clock_source */
    uint64_t frequency; /* Hz */
    uint64_t mask;      /* the counter wraps here */
    volatile uint32_t *hpet;
    uint16_t pm_port;
    volatile uint32_t *pm_register;
};

static uint64_t reference_read(const struct reference *reference)
{
    switch (reference->kind) {
    case CLOCK_FROM_HPET:
        return reference->hpet[HPET_COUNTER / 4];
    case CLOCK_FROM_PM_TIMER:
        return reference->pm_register != NULL ? *reference->pm_register : port_read32(reference->pm_port);
    default: {
        port_write8(PIT_COMMAND, 0x80); /* latch channel 2 */
        uint8_t low = port_read8(PIT_CHANNEL2);
        uint8_t high = port_read8(PIT_CHANNEL2);
        return 0xffffu - ((uint32_t)high << 8 | low); /* counts down */
    }
    }
}

static bool use_hpet(const struct hardware_info *hardware, struct reference *reference)
{
    if (hardware->arch.hpet_address == 0) {
        return false;
    }
    reference->hpet = page_table_map_device(HPA(hardware->arch.hpet_address), 0x400);
    uint32_t period = reference->hpet[HPET_CAPABILITIES / 4 + 1];
    if (period == 0 || period > HPET_MAX_PERIOD) {
        return false;
    }
    reference->hpet[HPET_CONFIGURATION / 4] |= HPET_ENABLE;
    reference->kind = CLOCK_FROM_HPET;
    reference->frequency = FEMTOSECONDS_PER_SECOND / period;
    reference->mask = UINT32_MAX;
    return true;
}

static bool use_pm_timer(const struct hardware_info *hardware, struct reference *reference)
{
    const struct hardware_register *timer = &hardware->arch.pm_timer;

    if (timer->valid == 0 || timer->address == 0 || timer->space > 1) {
        return false;
    }
    if (timer->space == 1) {
        reference->pm_port = (uint16_t)timer->address;
    } else {
        reference->pm_register = page_table_map_device(HPA(timer->address), 4);
    }
    reference->kind = CLOCK_FROM_PM_TIMER;
    reference->frequency = PM_TIMER_HZ;
    reference->mask = 0xffffff;
    return true;
}

static void use_pit(struct reference *reference)
{
    /* Channel 2: gate on, speaker off, mode 2, longest period. */
    port_write8(PIT_GATE, (uint8_t)((port_read8(PIT_GATE) & ~2u) | 1u));
    port_write8(PIT_COMMAND, 0xb4);
    port_write8(PIT_CHANNEL2, 0xff);
    port_write8(PIT_CHANNEL2, 0xff);
    reference->kind = CLOCK_FROM_PIT;
    reference->frequency = PIT_HZ;
    reference->mask = 0xffff;
}

/* Waits until the reference has advanced by `ticks`. False: it stands still. */
static bool reference_wait(const struct reference *reference, uint64_t start, uint64_t ticks, uint64_t *elapsed)
{
    uint64_t begin = read_tsc();

    do {
        *elapsed = (reference_read(reference) - start) & reference->mask;
        /* No TSC counts so fast that this is less than half a second. */
        if (read_tsc() - begin > 5000000000ull) {
            return false;
        }
    } while (*elapsed < ticks);
    return true;
}

struct sample {
    uint64_t tsc, lapic; /* ticks */
    uint64_t frequency;  /* TSC, Hz */
};

static bool measure(const struct reference *reference, struct sample *sample)
{
    uint64_t wanted = reference->frequency * WINDOW_US / MICROSECONDS_PER_SECOND;
    uint64_t elapsed;

    lapic_timer_start(UINT32_MAX);
    uint64_t start = reference_read(reference);
    uint64_t tsc = read_tsc();
    uint32_t lapic = lapic_timer_current();
    if (!reference_wait(reference, start, wanted, &elapsed)) {
        return false;
    }
    sample->tsc = read_tsc() - tsc;
    sample->lapic = lapic - lapic_timer_current();
    sample->frequency = elapsed != 0 ? sample->tsc * reference->frequency / elapsed : 0;
    return true;
}

static bool agree(uint64_t a, uint64_t b)
{
    uint64_t difference = a > b ? a - b : b - a;
    return difference <= a / 1000;
}

static bool measure_twice(const struct reference *reference, struct sample *sample)
{
    struct sample previous = {0};

    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (!measure(reference, sample)) {
            return false;
        }
        if (attempt > 0 && agree(previous.frequency, sample->frequency) && agree(previous.lapic, sample->lapic)) {
            return true;
        }
        previous = *sample;
    }
    /* A noisy machine: the last is as good as any. */
    return sample->frequency != 0;
}

/* Hz, 0: CPUID does not say. */
static uint64_t frequency_by_cpuid(void)
{
    if (cpuid_has_leaf(0x15)) {
        struct cpuid_result r = cpuid(0x15, 0);
        if (r.eax != 0 && r.ebx != 0 && r.ecx != 0) {
            return (uint64_t)r.ecx * r.ebx / r.eax;
        }
        /* Crystal not named: the base frequency is the TSC's on such CPUs. */
        if (r.eax != 0 && r.ebx != 0 && cpuid_has_leaf(0x16) && (cpuid(0x16, 0).eax & 0xffff) != 0) {
            return (cpuid(0x16, 0).eax & 0xffff) * MICROSECONDS_PER_SECOND;
        }
    }
    bool hypervisor = (cpuid(1, 0).ecx >> 31 & 1) != 0;
    if (hypervisor && cpuid_has_leaf(0x40000010)) {
        return cpuid(0x40000010, 0).eax * 1000ull;
    }
    return 0;
}

static void set_ratio(const struct sample *sample)
{
    if (sample->lapic == 0 && !cpu_features.tsc_deadline) {
        kernel_refuse("the local APIC's timer does not count");
    }
    lapic_timer_set_ratio(sample->tsc, sample->lapic);
}

uint64_t clock_calibrate(const struct hardware_info *hardware, uint32_t *source)
{
    struct reference reference = {0};
    struct sample sample = {0};
    uint64_t frequency = frequency_by_cpuid();

    if (frequency != 0) {
        *source = CLOCK_FROM_CPUID;
        lapic_timer_start(UINT32_MAX);
        uint64_t start = read_tsc();
        uint32_t lapic = lapic_timer_current();
        uint64_t window = frequency * WINDOW_US / MICROSECONDS_PER_SECOND;
        do {
            sample.tsc = read_tsc() - start;
        } while (sample.tsc < window);
        sample.lapic = lapic - lapic_timer_current();
        set_ratio(&sample);
        return frequency;
    }
    if (!use_hpet(hardware, &reference) && !use_pm_timer(hardware, &reference)) {
        use_pit(&reference);
    }
    if (!measure_twice(&reference, &sample)) {
        use_pit(&reference);
        if (!measure_twice(&reference, &sample)) {
            kernel_refuse("no clock to measure the time-stamp counter by");
        }
    }
    *source = reference.kind;
    set_ratio(&sample);
    return sample.frequency;
}
