/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on the GIC and on a reference that knows no list registers: the
 * words of the specification about pending, active, enabled and priority, one struct
 * per interrupt. After each step both say the same.
 */
#include "gic_machine.h"
#include "gic_registers.h"

#include <stdio.h>

#define VCPUS  3u
#define SPIS   16u /* lines 0..15: INTIDs 32..47 */
#define INTIDS (32u + SPIS)
#define STEPS  60000u

struct interrupt {
    bool enabled, group1, edge, level, latched, active;
    uint8_t priority;
    uint8_t sources; /* SGIs of GICv2 */
    uint32_t target; /* SPIs */
    bool by_write;   /* active because somebody wrote so */
};

struct reference {
    uint32_t control;
    struct interrupt private[VCPUS][32];
    struct interrupt shared[SPIS];
    uint32_t stack[VCPUS][64]; /* INTIDs acknowledged and not ended */
    uint32_t depth[VCPUS];
    uint8_t running[VCPUS][64]; /* their priorities */
};

static struct machine machine;
static struct reference reference;
static uint32_t version;
static uint64_t seed;
static uint32_t taken_count, deepest;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % limit;
}

static struct interrupt *interrupt_of(uint32_t vcpu, uint32_t intid)
{
    return intid < 32 ? &reference.private[vcpu][intid] : &reference.shared[intid - 32];
}

static bool is_pending(const struct interrupt *interrupt)
{
    return interrupt->latched || interrupt->sources != 0 || (interrupt->level && !interrupt->edge);
}

static bool deliverable(uint32_t vcpu, uint32_t intid)
{
    const struct interrupt *interrupt = interrupt_of(vcpu, intid);
    return is_pending(interrupt) && interrupt->enabled && !interrupt->active &&
           (reference.control & (interrupt->group1 ? 2 : 1)) != 0 && (intid < 32 || interrupt->target == vcpu) &&
           interrupt->priority < 0xf8;
}

/* What vCPU would take now. */
static uint32_t expected(uint32_t vcpu)
{
    uint32_t best = NOTHING;
    uint32_t limit = reference.depth[vcpu] > 0 ? reference.running[vcpu][reference.depth[vcpu] - 1] : 0x100;
    for (uint32_t intid = 0; intid < INTIDS; intid++) {
        if (deliverable(vcpu, intid) && interrupt_of(vcpu, intid)->priority < limit) {
            best = intid;
            limit = interrupt_of(vcpu, intid)->priority;
        }
    }
    return best;
}

static bool would_wake(uint32_t vcpu)
{
    for (uint32_t intid = 0; intid < INTIDS; intid++) {
        if (deliverable(vcpu, intid)) {
            return true;
        }
    }
    return false;
}

/* --- Steps --- */

/* A vCPU that runs; sometimes one that slept. */
static uint32_t runner(void)
{
    uint32_t vcpu = random_below(VCPUS);
    while (!machine.cpus[vcpu].running && random_below(4) != 0) {
        vcpu = random_below(VCPUS);
    }
    if (!machine.cpus[vcpu].running) {
        machine_wake(&machine, vcpu);
    }
    return vcpu;
}

/* Registers of an interrupt of `owner`, reached by `vcpu`. */
static uint64_t base(uint32_t owner, uint32_t intid)
{
    return intid < 32 && version == 3 ? PRIVATE(owner) : GICD(0);
}

static void write_bit(uint32_t vcpu, uint32_t owner, uint32_t offset, uint32_t intid)
{
    machine_write(&machine, vcpu, base(owner, intid) + offset + intid / 32 * 4, 4, 1u << intid % 32);
}

static void write_state(uint32_t vcpu, uint32_t owner, uint32_t intid)
{
    struct interrupt *interrupt = interrupt_of(owner, intid);
    bool sgi_v2 = version == 2 && intid < 16;
    switch (random_below(8)) {
    case 0:
    case 1:
        write_bit(vcpu, owner, ISENABLER, intid);
        interrupt->enabled = true;
        break;
    case 2:
        write_bit(vcpu, owner, ICENABLER, intid);
        interrupt->enabled = false;
        break;
    case 3:
        write_bit(vcpu, owner, ISPENDR, intid);
        interrupt->latched |= !sgi_v2;
        break;
    case 4:
        write_bit(vcpu, owner, ICPENDR, intid);
        interrupt->latched = false;
        break;
    case 5:
        if (!interrupt->active) {
            interrupt->priority = (uint8_t)(random_below(32) * 8);
            machine_write(&machine, vcpu, base(owner, intid) + IPRIORITYR + intid, 1, interrupt->priority);
        }
        break;
    case 6: {
        uint64_t at = base(owner, intid) + IGROUPR + intid / 32 * 4;
        uint64_t groups = machine_read(&machine, vcpu, at, 4) ^ 1u << intid % 32;
        machine_write(&machine, vcpu, at, 4, groups);
        interrupt->group1 = !interrupt->group1;
        break;
    }
    default:
        if (intid >= 16) {
            uint64_t at = base(owner, intid) + ICFGR + intid / 16 * 4;
            machine_write(&machine, vcpu, at, 4, machine_read(&machine, vcpu, at, 4) ^ 2u << intid % 16 * 2);
            interrupt->edge = !interrupt->edge;
        }
        break;
    }
}

static void write_something(uint32_t vcpu)
{
    uint32_t intid = random_below(INTIDS);
    uint32_t owner = version == 3 ? random_below(VCPUS) : vcpu;
    uint32_t what = random_below(10);
    if (what == 0) {
        reference.control = random_below(8) == 0 ? random_below(4) : 3;
        machine_write(&machine, vcpu, GICD(0), 4, reference.control);
    } else if (what == 1 && intid >= 32) {
        uint32_t target = random_below(VCPUS + 1);
        interrupt_of(0, intid)->target = target;
        if (version == 3) {
            machine_write(&machine, vcpu, GICD(IROUTER + 8 * intid), 8, target == VCPUS ? 0x500 : target);
        } else {
            machine_write(&machine, vcpu, GICD(ITARGETSR + intid), 1, target == VCPUS ? 0 : 1u << target);
        }
    } else {
        write_state(vcpu, owner, intid);
    }
}

static void send_sgi(uint32_t vcpu)
{
    uint32_t intid = random_below(16);
    uint32_t targets = 1 + random_below((1u << VCPUS) - 1);
    uint32_t left = 0;
    for (uint32_t i = 0; i < VCPUS; i++) {
        struct interrupt *interrupt = &reference.private[i][intid];
        if ((targets >> i & 1) == 0) {
            continue;
        }
        if (version == 2) {
            interrupt->sources |= (uint8_t)(1u << vcpu);
        } else if (interrupt->group1) {
            interrupt->latched = true;
        }
        if (random_below(2) == 0 || !machine_kernel_sgi(&machine, vcpu, i, intid)) {
            left |= 1u << i;
        }
    }
    if (version == 2) {
        machine_write(&machine, vcpu, GICD(SGIR), 4, left << 16 | intid);
    } else {
        machine_system_register(&machine, vcpu, GIC_SGI1R, intid << 24 | left);
    }
}

static void acknowledge(uint32_t vcpu)
{
    uint32_t intid = expected(vcpu);
    uint32_t taken = machine_acknowledge(&machine, vcpu);
    assert_int_equal(taken & 0x3ff, intid);
    if (intid == NOTHING) {
        return;
    }
    struct interrupt *interrupt = interrupt_of(vcpu, intid);
    if (version == 2 && intid < 16) {
        assert_true((interrupt->sources >> (taken >> 10) & 1) != 0);
        interrupt->sources &= (uint8_t) ~(1u << (taken >> 10));
    }
    interrupt->latched = false;
    interrupt->active = true;
    interrupt->by_write = false;
    taken_count++;
    deepest = reference.depth[vcpu] > deepest ? reference.depth[vcpu] : deepest;
    reference.stack[vcpu][reference.depth[vcpu]] = taken;
    reference.running[vcpu][reference.depth[vcpu]++] = interrupt->priority;
}

static void end(uint32_t vcpu)
{
    if (reference.depth[vcpu] == 0) {
        return;
    }
    uint32_t taken = reference.stack[vcpu][--reference.depth[vcpu]];
    machine_end(&machine, vcpu, taken);
    interrupt_of(vcpu, taken & 0x3ff)->active = false;
}

/* Of the lowest priority, so that it is never taken for one that was acknowledged. */
static void set_or_clear_active(uint32_t vcpu)
{
    uint32_t intid = 32 + random_below(SPIS);
    struct interrupt *interrupt = interrupt_of(0, intid);
    if (interrupt->active && interrupt->by_write) {
        write_bit(vcpu, 0, ICACTIVER, intid);
        interrupt->active = false;
    } else if (!interrupt->active && random_below(4) == 0) {
        interrupt->priority = 0xf8;
        machine_write(&machine, vcpu, GICD(IPRIORITYR + intid), 1, 0xf8);
        write_bit(vcpu, 0, ISACTIVER, intid);
        interrupt->active = true;
        interrupt->by_write = true;
    }
}

static void compare_word(uint32_t vcpu, uint32_t owner, uint32_t first)
{
    uint32_t pending = 0;
    uint32_t active = 0;
    for (uint32_t i = 0; i < 32 && first + i < INTIDS; i++) {
        const struct interrupt *interrupt = interrupt_of(owner, first + i);
        pending |= is_pending(interrupt) ? 1u << i : 0;
        active |= interrupt->active ? 1u << i : 0;
    }
    uint64_t at = base(owner, first) + first / 8;
    assert_int_equal(machine_read(&machine, vcpu, at + (random_below(2) == 0 ? ISPENDR : ICPENDR), 4), pending);
    assert_int_equal(machine_read(&machine, vcpu, at + (random_below(2) == 0 ? ISACTIVER : ICACTIVER), 4), active);
}

/* One that just preempts what runs. */
static void preempt(uint32_t vcpu)
{
    uint32_t intid = 16 + random_below(INTIDS - 16);
    struct interrupt *interrupt = interrupt_of(vcpu, intid);
    uint32_t running = reference.depth[vcpu] > 0 ? reference.running[vcpu][reference.depth[vcpu] - 1] : 0xf8;
    if (interrupt->active || running == 0) {
        return;
    }
    interrupt->priority = (uint8_t)(running - 8);
    interrupt->latched = true;
    machine_write(&machine, vcpu, base(vcpu, intid) + IPRIORITYR + intid, 1, interrupt->priority);
    write_bit(vcpu, vcpu, ISPENDR, intid);
    acknowledge(vcpu);
}

/* nesting: handlers are long. */
static void step(bool nesting)
{
    uint32_t vcpu = runner();
    if (random_below(6) == 0) {
        uint32_t line = random_below(SPIS);
        bool level = random_below(2) != 0;
        struct interrupt *interrupt = &reference.shared[line];
        interrupt->latched |= interrupt->edge && level && !interrupt->level;
        interrupt->level = level;
        if (random_below(2) == 0) {
            machine_line_by(&machine, vcpu, line, level);
        } else {
            machine_line(&machine, line, level);
        }
        return;
    }
    switch (random_below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        acknowledge(vcpu);
        break;
    case 6:
    case 7:
        if (!nesting || random_below(8) == 0) {
            end(vcpu);
        }
        break;
    case 8:
        send_sgi(vcpu);
        break;
    case 9:
        set_or_clear_active(vcpu);
        break;
    case 10:
        assert_int_equal(machine_sleep(&machine, vcpu), would_wake(vcpu));
        break;
    case 11:
        compare_word(vcpu, version == 3 ? random_below(VCPUS) : vcpu, 32 * random_below(2));
        break;
    case 12: {
        uint32_t ppi = 16 + random_below(16);
        uint32_t owner = random_below(VCPUS);
        bool level = random_below(2) != 0;
        struct interrupt *interrupt = &reference.private[owner][ppi];
        interrupt->latched |= interrupt->edge && level && !interrupt->level;
        interrupt->level = level;
        gic_set_ppi(&machine.gic, owner, ppi, level);
        machine_settle(&machine);
        break;
    }
    case 13:
        if (nesting) {
            preempt(vcpu);
        }
        break;
    default:
        write_something(vcpu);
        break;
    }
}

static void run(uint32_t gic_version, uint64_t start)
{
    version = gic_version;
    seed = start;
    machine_create(&machine, version, VCPUS, false);
    reference = (struct reference){0};
    taken_count = 0;
    deepest = 0;
    for (uint32_t v = 0; v < VCPUS; v++) {
        for (uint32_t i = 0; i < 16; i++) {
            reference.private[v][i].edge = true;
        }
    }
    for (uint32_t i = 0; i < SPIS; i++) {
        reference.shared[i].target = version == 2 ? VCPUS : 0;
    }
    for (uint32_t i = 0; i < VCPUS * INTIDS; i++) {
        uint32_t intid = i % INTIDS;
        struct interrupt *interrupt = interrupt_of(i / INTIDS, intid);
        interrupt->priority = (uint8_t)(random_below(31) * 8);
        interrupt->enabled = true;
        machine_write(&machine, i / INTIDS, base(i / INTIDS, intid) + IPRIORITYR + intid, 1, interrupt->priority);
        write_bit(i / INTIDS, i / INTIDS, ISENABLER, intid);
    }
    for (uint32_t i = 0; i < STEPS; i++) {
        step((i / 500) % 2 != 0);
        for (uint32_t v = 0; v < VCPUS; v++) {
            /* Nobody sleeps who should not. */
            assert_true(machine.cpus[v].running || !would_wake(v));
        }
    }
    /* Something happened: nesting beyond the list registers too. */
    assert_true(taken_count > STEPS / 50 && deepest > MACHINE_LISTS && machine.maintenance_exits > 100);
}

static void same_as_the_reference_v2(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 4; i++) {
        run(2, i);
    }
}

static void same_as_the_reference_v3(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 4; i++) {
        run(3, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_the_reference_v2),
        cmocka_unit_test(same_as_the_reference_v3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
