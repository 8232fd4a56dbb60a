/* SPDX-License-Identifier: BSD-2-Clause */
/* LPIs: from a message to the guest, and what the guest says of them. */
#include "gic_its_fixture.h"

static void msi_becomes_an_lpi(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 32; i++) {
        machine_msi(&machine, 8, i);
        assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
        assert_int_equal(machine_acknowledge(&machine, 1), GIC_FIRST_LPI + i);
        machine_end(&machine, 1, GIC_FIRST_LPI + i);
        assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    }
    assert_int_equal(machine.maintenance_exits, 0);
    /* All at once, more than list registers. */
    for (uint32_t i = 0; i < 31; i++) {
        configure(GIC_FIRST_LPI + i, (uint8_t)(0xf0 - 8 * i), true);
        command(INV, 8, i, 0, 0, 0);
        machine_msi(&machine, 8, i);
    }
    for (uint32_t i = 31; i-- > 0;) {
        assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + i);
    }
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    assert_int_equal(errors(), 0);
}

static void lpi_again_while_it_is_served(void **state)
{
    (void)state;
    machine_msi(&machine, 8, 3);
    machine_msi(&machine, 8, 3);
    assert_int_equal(machine_acknowledge(&machine, 1), GIC_FIRST_LPI + 3);
    machine_msi(&machine, 8, 3);
    machine_msi(&machine, 8, 3);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    machine_end(&machine, 1, GIC_FIRST_LPI + 3);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + 3);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    assert_false(machine_sleep(&machine, 1));
    assert_int_equal(machine.gic.vcpus[1].active_lpis, 0);
}

static void nested_lpis(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 12; i++) {
        configure(GIC_FIRST_LPI + i, (uint8_t)(0xe0 - 8 * i), true);
        command(INV, 8, i, 0, 0, 0);
    }
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 12; i++) {
            machine_msi(&machine, 8, i);
            assert_int_equal(machine_acknowledge(&machine, 1), GIC_FIRST_LPI + i);
        }
        machine_exit(&machine, 1);
        for (uint32_t i = 12; i-- > 0;) {
            machine_end(&machine, 1, GIC_FIRST_LPI + i);
        }
        machine_exit(&machine, 1);
        assert_int_equal(machine_take(&machine, 1), NOTHING);
        machine_sleep(&machine, 1);
        assert_int_equal(machine.gic.vcpus[1].active_lpis, 0);
        machine.current = 1;
        machine.cpus[1].running = true;
        gic_enter(&machine.gic, 1);
        machine.current = GIC_NO_VCPU;
    }
}

static void nested_lpis_on_two_vcpus(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 16; i++) {
        configure(GIC_FIRST_LPI + i, (uint8_t)((i < 8 ? 0xe0 : 0x90) - 8 * (7 - (i & 7))), true);
        command(MOVI, 8, i, 0, i < 8 ? 0 : 1, 0);
    }
    command(INVALL, 0, 0, 0, 1, 0);
    for (uint32_t i = 8; i-- > 0;) {
        machine_msi(&machine, 8, i);
        machine_msi(&machine, 8, 8 + i);
        assert_int_equal(machine_acknowledge(&machine, 0), GIC_FIRST_LPI + i);
        assert_int_equal(machine_acknowledge(&machine, 1), GIC_FIRST_LPI + 8 + i);
    }
    for (uint32_t i = 0; i < 5; i++) {
        machine_end(&machine, 0, GIC_FIRST_LPI + i);
    }
    machine_sleep(&machine, 0);
    machine_sleep(&machine, 1);
    assert_int_equal(machine.gic.vcpus[0].active_lpis, 3);
    assert_int_equal(machine.gic.vcpus[1].active_lpis, 8);
    assert_int_equal(machine.gic.lpi_active[0], 0xffe0); /* the highest ones were ended */
}

static void configuration_is_read_when_the_guest_says_so(void **state)
{
    (void)state;
    machine_msi(&machine, 8, 0);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI);
    configure(GIC_FIRST_LPI, 0x20, false);
    machine_msi(&machine, 8, 0);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI); /* not known yet */
    command(INV, 8, 0, 0, 0, 0);
    machine_msi(&machine, 8, 0);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    configure(GIC_FIRST_LPI, 0x20, true);
    command(INV, 8, 0, 0, 0, 0); /* it was pending meanwhile */
    assert_int_equal(LR_PRIORITY(machine_list(&machine, 1, GIC_FIRST_LPI)), 0x20);
    configure(GIC_FIRST_LPI, 0x20, false);
    command(INVALL, 0, 0, 0, 1, 0);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    configure(GIC_FIRST_LPI, 0xff, true); /* priorities have five bits */
    command(INVALL, 0, 0, 0, 1, 0);
    assert_int_equal(LR_PRIORITY(machine_list(&machine, 1, GIC_FIRST_LPI)), 0xf8);
    /* Group 1 off and on. */
    wr32(GICD(0), 0);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    wr32(GICD(0), 2);
    assert_true(machine_list(&machine, 1, GIC_FIRST_LPI) != 0);
}

static void lpis_off_and_on(void **state)
{
    (void)state;
    assert_int_equal(machine_read(&machine, 0, GICR(1), 4), 3);
    wr(GICR(1) + GICR_PENDBASER, 0); /* not while they are on */
    wr(GICR(1) + GICR_PROPBASER, 0);
    assert_true(rd(GICR(1) + GICR_PENDBASER) == GUEST_RAM_BASE + PENDING(1));
    /* Pending state goes to memory, and comes back. */
    machine.cpus[1].page.vmcr = 0;
    machine_msi(&machine, 8, 2);
    machine_msi(&machine, 8, 9);
    machine_sleep(&machine, 1);
    wr32(GICR(1), 0);
    assert_int_equal(machine.ram[PENDING(1) + 1024], 1 << 2);
    assert_int_equal(machine.ram[PENDING(1) + 1025], 1 << 1);
    machine_msi(&machine, 8, 3); /* lost */
    machine.cpus[1].page.vmcr = 0xf8000003;
    wr(GICR(1) + GICR_PENDBASER, GUEST_RAM_BASE + PENDING(1));
    wr32(GICR(1), 1);
    assert_true(machine.cpus[1].running);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + 2);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + 9);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    /* PTZ: the table is said to be zero. */
    machine.cpus[1].page.vmcr = 0;
    machine_msi(&machine, 8, 4);
    machine_sleep(&machine, 1);
    wr32(GICR(1), 0);
    machine.cpus[1].page.vmcr = 0xf8000003;
    machine_wake(&machine, 1);
    machine.ram[PENDING(1) + 1024] = 0xff;
    wr(GICR(1) + GICR_PENDBASER, (GUEST_RAM_BASE + PENDING(1)) | 1ull << 62);
    wr32(GICR(1), 1);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    /* Tables outside RAM. */
    wr32(GICR(1), 0);
    wr(GICR(1) + GICR_PENDBASER, 0x000fffffffff0000);
    wr(GICR(1) + GICR_PROPBASER, 0x000ffffffffff000 | 31);
    uint64_t before = errors();
    wr32(GICR(1), 1);
    machine_msi(&machine, 8, 2); /* no configuration: disabled */
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    wr32(GICR(1), 0);
    assert_int_equal(errors(), before + 2);
    /* Fewer IDs than LPIs: the others have no configuration. */
    wr(GICR(1) + GICR_PROPBASER, (GUEST_RAM_BASE + CONFIGURATION) | 12);
    wr(GICR(1) + GICR_PENDBASER, (GUEST_RAM_BASE + PENDING(1)) | 1ull << 62);
    wr32(GICR(1), 1);
    machine_msi(&machine, 8, 2);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
}

static void lpi_wakes(void **state)
{
    (void)state;
    assert_false(machine_sleep(&machine, 1));
    machine_msi(&machine, 8, 1);
    assert_true(machine.cpus[1].running);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + 1);
    machine.cpus[1].page.vmcr = 0x80000003; /* below their priority */
    assert_false(machine_sleep(&machine, 0));
    assert_false(machine_sleep(&machine, 1));
    machine_msi(&machine, 8, 1);
    assert_false(machine.cpus[1].running);
    machine_wake(&machine, 0);
    assert_false(machine_sleep(&machine, 0)); /* another one's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(msi_becomes_an_lpi, setup_device),
        cmocka_unit_test_setup(lpi_again_while_it_is_served, setup_device),
        cmocka_unit_test_setup(nested_lpis, setup_device),
        cmocka_unit_test_setup(nested_lpis_on_two_vcpus, setup_device),
        cmocka_unit_test_setup(configuration_is_read_when_the_guest_says_so, setup_device),
        cmocka_unit_test_setup(lpis_off_and_on, setup_device),
        cmocka_unit_test_setup(lpi_wakes, setup_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
