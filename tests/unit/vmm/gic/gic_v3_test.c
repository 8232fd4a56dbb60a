/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3's distributor and redistributors: registers, routes, SGIs. */
#include "gic_machine.h"
#include "gic_registers.h"

#define VCPUS 5u

#define GICR_ENABLE_LPIS 1

static struct machine machine;

static uint32_t rd(uint64_t address)
{
    return (uint32_t)machine_read(&machine, 0, address, 4);
}

static void wr(uint64_t address, uint32_t value)
{
    machine_write(&machine, 0, address, 4, value);
}

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 3, VCPUS, true);
    return 0;
}

static void identification(void **state)
{
    (void)state;
    /* 256 interrupts, IDs of 14 bits, LPIs, Aff3, no 1-of-N. */
    assert_int_equal(rd(GICD(TYPER)), 7 | 13 << 19 | 1 << 17 | 3 << 24);
    assert_int_equal(rd(GICD(0xffe8)) >> 4 & 15, 3);
    for (uint32_t i = 0; i < VCPUS; i++) {
        assert_int_equal(rd(GICR(i) + 0xffe8) >> 4 & 15, 3);
        assert_int_equal(rd(GICR(i) + 4) & 0xfff, 0x43b);
        uint64_t type = machine_read(&machine, 0, GICR(i) + GICR_TYPER, 8);
        assert_int_equal(type >> 32, i); /* affinity */
        assert_int_equal(type >> 8 & 0xffff, i);
        assert_int_equal(type >> 4 & 1, i == VCPUS - 1);
        assert_int_equal(type & 15, 1);
        assert_int_equal(rd(GICR(i) + GICR_TYPER), (uint32_t)type);
        assert_int_equal(rd(GICR(i) + GICR_TYPER + 4), i);
    }
    machine_create(&machine, 3, 2, false);
    assert_int_equal(rd(GICD(TYPER)) >> 17 & 1, 0);
    assert_int_equal(machine_read(&machine, 0, GICR(0) + GICR_TYPER, 8) & 1, 0);
    wr(GICR(0), GICR_ENABLE_LPIS);
    assert_int_equal(rd(GICR(0)), 0);
    machine_write(&machine, 0, GICR(0) + GICR_PROPBASER, 8, UINT64_MAX);
    assert_int_equal(machine_read(&machine, 0, GICR(0) + GICR_PROPBASER, 8), 0);
}

static void after_reset(void **state)
{
    (void)state;
    assert_int_equal(rd(GICD(CTLR)), 0x50); /* ARE, DS */
    assert_int_equal(rd(GICR(1)), 2);
    assert_int_equal(rd(GICR(1) + GICR_WAKER), 6);
    assert_int_equal(rd(PRIVATE(1) + ICFGR), 0xaaaaaaaa);
    for (uint32_t i = 32; i < GIC_INTIDS; i++) {
        assert_int_equal(machine_read(&machine, 0, GICD(IROUTER + 8 * i), 8), 0);
    }
    assert_int_equal(machine.cpus[1].page.distributor, 0);
}

static void control_bits(void **state)
{
    (void)state;
    wr(GICD(CTLR), 0xffffffff);
    assert_int_equal(rd(GICD(CTLR)), 0x53);
    wr(GICD(CTLR), 0);
    assert_int_equal(rd(GICD(CTLR)), 0x50);
    wr(GICR(2) + GICR_WAKER, 0);
    assert_int_equal(rd(GICR(2) + GICR_WAKER), 0);
    wr(GICR(2) + GICR_WAKER, 0xffffffff);
    assert_int_equal(rd(GICR(2) + GICR_WAKER), 6);
}

static void private_interrupts_are_the_redistributors(void **state)
{
    (void)state;
    static const uint32_t words[] = {IGROUPR, ISENABLER, ISPENDR, ISACTIVER, ICFGR, ICFGR + 4, IPRIORITYR};
    for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        wr(GICD(words[i]), 0xffffffff);
        assert_int_equal(rd(GICD(words[i])), 0);
    }
    for (uint32_t i = 0; i < VCPUS; i++) {
        wr(PRIVATE(i) + IGROUPR, 0x10101010u << i);
        wr(PRIVATE(i) + ISENABLER, 0x01010101u << i);
        wr(PRIVATE(i) + ISPENDR, 0x00110000u << i);
        wr(PRIVATE(i) + ISACTIVER, 0x11000000u);
        wr(PRIVATE(i) + IPRIORITYR + 28, 0x80706050);
        machine_write(&machine, 1, PRIVATE(i) + IPRIORITYR + 3, 1, 0x10 * i);
        wr(PRIVATE(i) + ICFGR + 4, 0x8u << 2 * i);
        /* What a redistributor has nothing of. */
        wr(PRIVATE(i) + ISENABLER + 4, 0xffffffff);
        wr(PRIVATE(i) + IPRIORITYR + 32, 0xffffffff);
        wr(PRIVATE(i) + ICFGR + 8, 0xffffffff);
        wr(PRIVATE(i) + IROUTER + 256, 0xffffffff);
    }
    for (uint32_t i = 0; i < VCPUS; i++) {
        assert_int_equal(rd(PRIVATE(i) + IGROUPR), 0x10101010u << i);
        assert_int_equal(rd(PRIVATE(i) + ISENABLER), 0x01010101u << i);
        assert_int_equal(rd(PRIVATE(i) + ICENABLER), 0x01010101u << i);
        assert_int_equal(rd(PRIVATE(i) + ISPENDR), 0x00110000u << i);
        assert_int_equal(rd(PRIVATE(i) + ISACTIVER), 0x11000000u);
        assert_int_equal(rd(PRIVATE(i) + IPRIORITYR + 28), 0x80706050);
        assert_int_equal(machine_read(&machine, 0, PRIVATE(i) + IPRIORITYR + 3, 1), 0x10 * i);
        assert_int_equal(rd(PRIVATE(i) + ICFGR + 4), 0x8u << 2 * i);
        assert_int_equal(rd(PRIVATE(i) + ISENABLER + 4), 0);
        assert_int_equal(rd(PRIVATE(i) + IPRIORITYR + 32), 0);
        assert_int_equal(rd(PRIVATE(i) + ICFGR + 8), 0);
        wr(PRIVATE(i) + ICPENDR, 0xffffffff);
        wr(PRIVATE(i) + ICACTIVER, 0xffffffff);
        wr(PRIVATE(i) + ICENABLER, 0xffffffff);
        assert_int_equal(rd(PRIVATE(i) + ISPENDR), 0);
        assert_int_equal(rd(PRIVATE(i) + ISACTIVER), 0);
        assert_int_equal(rd(PRIVATE(i) + ISENABLER), 0);
    }
    assert_int_equal(rd(GICD(ISENABLER + 4)), 0);
}

static void shared_interrupts_are_the_distributors(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < 8; i++) {
        wr(GICD(ISENABLER + 4 * i), 0x0f0f0f0f);
        wr(GICD(ICENABLER + 4 * i), 0x000f000f);
        assert_int_equal(rd(GICD(ISENABLER + 4 * i)), 0x0f000f00);
        wr(GICD(IGROUPR + 4 * i), 0xff00ff00);
        assert_int_equal(rd(GICD(IGROUPR + 4 * i)), 0xff00ff00);
        wr(GICD(ISPENDR + 4 * i), 0x3);
        assert_int_equal(rd(GICD(ICPENDR + 4 * i)), 0x3);
        wr(GICD(ICPENDR + 4 * i), 0x1);
        assert_int_equal(rd(GICD(ISPENDR + 4 * i)), 0x2);
    }
    wr(GICD(ISENABLER + 4 * 8), 0xffffffff);
    assert_int_equal(rd(GICD(ISENABLER + 4 * 8)), 0);
    for (uint32_t intid = 32; intid < GIC_INTIDS; intid += 4) {
        wr(GICD(IPRIORITYR + intid), 0xffa4120f);
        assert_int_equal(rd(GICD(IPRIORITYR + intid)), 0xf8a01008);
    }
    assert_int_equal(rd(GICD(0x800 + 32)), 0); /* ITARGETSR: none with affinity routing */
    wr(GICD(0xf00), 0x02000001);               /* nor SGIR */
    assert_int_equal(rd(GICD(0xf20)), 0);
}

static void widths(void **state)
{
    (void)state;
    static const uint64_t words[] = {GICD(CTLR), GICD(ISENABLER + 4), GICR(0) + GICR_WAKER, PRIVATE(0) + ISENABLER};
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t before = rd(words[i]);
        for (uint32_t width = 1; width <= 8; width = width == 2 ? 8 : width * 2) {
            machine_write(&machine, 0, words[i], width, ~(uint64_t)before);
            assert_int_equal(rd(words[i]), before);
        }
        wr(words[i], ~before);
        assert_int_equal(machine_read(&machine, 0, words[i], 1), 0);
        assert_int_equal(machine_read(&machine, 0, words[i], 2), 0);
        assert_int_equal(machine_read(&machine, 0, words[i] & ~7ull, 8), 0);
    }
    /* 64-bit registers: whole and by halves. */
    uint64_t route = GICD(IROUTER + 8 * 40);
    machine_write(&machine, 0, route, 8, UINT64_MAX);
    assert_true(machine_read(&machine, 0, route, 8) == 0xff00ffffffull); /* no 1-of-N */
    machine_write(&machine, 0, route, 4, 0x00000002);
    assert_true(machine_read(&machine, 0, route, 8) == 0xff00000002ull);
    machine_write(&machine, 0, route + 4, 4, 0);
    assert_true(machine_read(&machine, 0, route, 8) == 2);
    assert_int_equal(machine_read(&machine, 0, route + 4, 4), 0);
    machine_write(&machine, 0, route, 1, 3);
    machine_write(&machine, 0, route, 2, 3);
    machine_write(&machine, 0, route + 4, 8, 3);
    assert_true(machine_read(&machine, 0, route, 8) == 2);
    assert_int_equal(machine_read(&machine, 0, route + 4, 8), 0);
    machine_write(&machine, 0, GICD(IROUTER + 8 * 31), 8, 1); /* private: there is none */
    assert_int_equal(machine_read(&machine, 0, GICD(IROUTER + 8 * 31), 8), 0);
    machine_write(&machine, 0, GICR(1) + GICR_PROPBASER, 8, UINT64_MAX);
    assert_true(machine_read(&machine, 0, GICR(1) + GICR_PROPBASER, 8) == 0x070fffffffffff9full);
    machine_write(&machine, 0, GICR(1) + GICR_PROPBASER + 4, 4, 0);
    assert_true(machine_read(&machine, 0, GICR(1) + GICR_PROPBASER, 8) == 0xffffff9full);
    machine_write(&machine, 0, GICR(1) + GICR_PENDBASER, 8, UINT64_MAX);
    assert_true(machine_read(&machine, 0, GICR(1) + GICR_PENDBASER, 8) == 0x070fffffffff0f80ull);
    wr(GICR(1) + GICR_PENDBASER, 0);
    assert_int_equal(rd(GICR(1) + GICR_PENDBASER + 4), 0x070fffff);
}

static void spi_goes_where_its_route_says(void **state)
{
    (void)state;
    wr(GICD(CTLR), 2);
    wr(GICD(IGROUPR + 4), 0xffffffff);
    wr(GICD(ISENABLER + 4), 1u << 8);
    wr(GICD(ICFGR + 8), 2u << 16);
    for (uint32_t target = 0; target < VCPUS; target++) {
        machine_write(&machine, 0, GICD(IROUTER + 8 * 40), 8, target);
        machine_line(&machine, 8, true);
        machine_line(&machine, 8, false);
        for (uint32_t i = 0; i < VCPUS; i++) {
            assert_int_equal(machine_take(&machine, i), i == target ? 40 : NOTHING);
        }
    }
    machine_write(&machine, 0, GICD(IROUTER + 8 * 40), 8, 0x100); /* nobody */
    machine_line(&machine, 8, true);
    for (uint32_t i = 0; i < VCPUS; i++) {
        assert_int_equal(machine_take(&machine, i), NOTHING);
    }
    machine_write(&machine, 0, GICD(IROUTER + 8 * 40), 8, 3);
    assert_int_equal(machine_acknowledge(&machine, 3), 40);
    assert_true((machine_list(&machine, 3, 40) & LR_GROUP1) != 0);
}

static void all_sgis_in_group_1(void)
{
    wr(GICD(CTLR), 3);
    for (uint32_t i = 0; i < VCPUS; i++) {
        wr(PRIVATE(i) + IGROUPR, 0xffffffff);
        wr(PRIVATE(i) + ISENABLER, 0xffff);
    }
}

static uint32_t receivers(uint32_t intid)
{
    uint32_t mask = 0;
    for (uint32_t i = 0; i < VCPUS; i++) {
        uint32_t taken = machine_take(&machine, i);
        assert_true(taken == intid || taken == NOTHING);
        mask |= taken == intid ? 1u << i : 0;
    }
    return mask;
}

static void sgi_by_system_register(void **state)
{
    (void)state;
    all_sgis_in_group_1();
    machine_system_register(&machine, 0, GIC_SGI1R, 5u << 24 | 0x16);
    assert_int_equal(receivers(5), 0x16);
    machine_system_register(&machine, 2, GIC_SGI1R, 15u << 24 | 1ull << 40); /* all others */
    assert_int_equal(receivers(15), 0x1b);
    machine_system_register(&machine, 2, GIC_SGI1R, 4u << 24 | 4);
    assert_int_equal(receivers(4), 4);
    /* Another cluster, another range, another group, CPUs that there are not. */
    machine_system_register(&machine, 0, GIC_SGI1R, 5u << 24 | 1u << 16 | 0x1f);
    machine_system_register(&machine, 0, GIC_SGI1R, 5u << 24 | 1ull << 32 | 0x1f);
    machine_system_register(&machine, 0, GIC_SGI1R, 5u << 24 | 1ull << 48 | 0x1f);
    machine_system_register(&machine, 0, GIC_SGI1R, 5u << 24 | 1ull << 44 | 0x1f);
    machine_system_register(&machine, 0, GIC_SGI1R, 5u << 24 | 0xffe0);
    machine_system_register(&machine, 0, GIC_SGI0R, 5u << 24 | 0x1f);
    machine_system_register(&machine, 0, GIC_ASGI1R, 5u << 24 | 0x1f);
    assert_int_equal(receivers(5), 0);
    wr(PRIVATE(1) + IGROUPR, ~(1u << 5));
    machine_system_register(&machine, 0, GIC_SGI1R, 5u << 24 | 0x1f);
    assert_int_equal(receivers(5), 0x1d);
    machine_system_register(&machine, 0, GIC_SGI0R, 5u << 24 | 0x1f);
    assert_true((machine_list(&machine, 1, 5) & LR_GROUP1) == 0);
    assert_int_equal(receivers(5), 2);
}

static void affinities_of_all_levels(void **state)
{
    (void)state;
    static const uint64_t mpidrs[] = {0x80000000, 0x80000001, 0x80000100, 0x80010000, 0x0100000002};
    static struct gic gic;
    static struct bus bus;
    static struct irq_router router;
    struct gic_config config = machine.gic.config;
    config.its = false;
    for (uint32_t i = 0; i < VCPUS; i++) {
        config.vcpus[i].mpidr = mpidrs[i];
    }
    assert_int_equal(gic_init(&gic, &config, &bus, &router, &machine.memory, NULL), 0);
    uint64_t type;
    bus_read(&bus, GICR(4) + GICR_TYPER, 8, &type);
    assert_int_equal(type >> 32, 0x01000002);
    for (uint32_t i = 0; i < VCPUS; i++) {
        uint64_t affinity = mpidrs[i] & 0xff00ffffffull;
        bus_write(&bus, GICD(IROUTER + 8 * 50), 8, affinity);
        assert_int_equal(gic.spi_vcpu[18], i);
        uint64_t sgi = (affinity >> 32 & 0xff) << 48 | (affinity >> 16 & 0xff) << 32 | (affinity >> 8 & 0xff) << 16 |
                       1ull << (affinity & 15) | 3ull << 24;
        gic_send_sgi(&gic, 0, GIC_SGI0R, sgi);
        for (uint32_t k = 0; k < VCPUS; k++) {
            assert_int_equal(gic.vcpus[k].bank.latched, k <= i ? 8 : 0);
        }
    }
    gic_send_sgi(&gic, 5, GIC_SGI0R, 0xffffffff); /* no such vCPU */
}

static void kernel_hears_what_it_may_deliver(void **state)
{
    (void)state;
    const struct vcpu_gic *page = &machine.cpus[3].page;
    all_sgis_in_group_1();
    assert_int_equal(page->private_enabled, 0xffff);
    wr(PRIVATE(3) + ISENABLER, 1u << 27 | 1u << 30);
    assert_int_equal(page->private_enabled, 0xffff | 1u << 27);
    wr(PRIVATE(3) + IPRIORITYR + 24, 0xa0u << 24);
    assert_int_equal(page->private_priority[27], 0xa0);
    wr(PRIVATE(3) + IGROUPR, ~1u);
    assert_int_equal(page->private_enabled, 0xfffe | 1u << 27);
    wr(PRIVATE(3) + ICENABLER, 0xff00);
    assert_int_equal(page->private_enabled, 0xfe | 1u << 27);
    wr(GICD(CTLR), 1); /* group 0 only */
    assert_int_equal(page->private_enabled, 0);
    assert_int_equal(machine.cpus[0].page.private_enabled, 0);
}

/* A redistributor's registers, written by another vCPU. */
static void private_state_of_a_running_vcpu(void **state)
{
    (void)state;
    all_sgis_in_group_1();
    machine_system_register(&machine, 1, GIC_SGI1R, 7u << 24 | 4);
    assert_int_equal(rd(PRIVATE(2) + ISPENDR), 1u << 7);
    assert_int_equal(machine_acknowledge(&machine, 2), 7);
    assert_int_equal(rd(PRIVATE(2) + ISPENDR), 0);
    assert_int_equal(rd(PRIVATE(2) + ISACTIVER), 1u << 7);
    wr(PRIVATE(2) + ICACTIVER, 1u << 7);
    assert_int_equal(rd(PRIVATE(2) + ISACTIVER), 0);
    assert_true(machine_list(&machine, 2, 7) == 0);
    machine_end(&machine, 2, 7);
    wr(PRIVATE(2) + ISPENDR, 1u << 7);
    assert_true(machine_list(&machine, 2, 7) != 0);
    wr(PRIVATE(2) + ICPENDR, 1u << 7);
    assert_true(machine_list(&machine, 2, 7) == 0);
    wr(PRIVATE(2) + ISACTIVER, 1u << 3);
    assert_true((machine_list(&machine, 2, 3) & LR_ACTIVE) != 0);
    wr(PRIVATE(2) + ISPENDR, 1u << 9);
    wr(PRIVATE(2) + ICENABLER, 1u << 9);
    assert_int_equal(machine_take(&machine, 2), NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(identification, setup),
        cmocka_unit_test_setup(after_reset, setup),
        cmocka_unit_test_setup(control_bits, setup),
        cmocka_unit_test_setup(private_interrupts_are_the_redistributors, setup),
        cmocka_unit_test_setup(shared_interrupts_are_the_distributors, setup),
        cmocka_unit_test_setup(widths, setup),
        cmocka_unit_test_setup(spi_goes_where_its_route_says, setup),
        cmocka_unit_test_setup(sgi_by_system_register, setup),
        cmocka_unit_test_setup(affinities_of_all_levels, setup),
        cmocka_unit_test_setup(kernel_hears_what_it_may_deliver, setup),
        cmocka_unit_test_setup(private_state_of_a_running_vcpu, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
