/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv2's distributor: registers, SGIs, targets. */
#include "gic_machine.h"
#include "gic_registers.h"

static struct machine machine;

static uint32_t rd(uint32_t vcpu, uint32_t offset)
{
    return (uint32_t)machine_read(&machine, vcpu, GICD(offset), 4);
}

static void wr(uint32_t vcpu, uint32_t offset, uint32_t value)
{
    machine_write(&machine, vcpu, GICD(offset), 4, value);
}

static void wr8(uint32_t vcpu, uint32_t offset, uint8_t value)
{
    machine_write(&machine, vcpu, GICD(offset), 1, value);
}

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 2, 4, false);
    return 0;
}

/* Distributor on, SPI n enabled at priority 0x80 for vCPU 0, level-triggered. */
static void prepare(uint32_t line)
{
    uint32_t intid = 32 + line;
    wr(0, CTLR, 1);
    wr8(0, IPRIORITYR + intid, 0x80);
    wr8(0, ITARGETSR + intid, 1);
    wr(0, ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

static void identification(void **state)
{
    (void)state;
    assert_int_equal(rd(0, TYPER), 7 | 3 << 5); /* 256 interrupts, 4 CPUs, no security extensions */
    assert_int_equal(rd(0, 0xfe8) >> 4 & 15, 2);
    assert_int_equal(rd(0, 0xff0), 0x0d);
    assert_int_equal(rd(0, 0xffc), 0xb1);
    assert_int_equal(rd(0, 0x008) & 0xfff, 0x43b);
    wr(0, TYPER, 0xffffffff);
    assert_int_equal(rd(0, TYPER), 7 | 3 << 5);
}

static void after_reset_but(uint32_t pending)
{
    assert_int_equal(rd(0, CTLR), 0);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(rd(0, IGROUPR + 4 * i), 0);
        assert_int_equal(rd(0, ISENABLER + 4 * i), 0);
        assert_int_equal(rd(0, ISPENDR + 4 * i), i == 1 ? pending : 0);
        assert_int_equal(rd(0, ISACTIVER + 4 * i), 0);
    }
    assert_int_equal(rd(0, ICFGR), 0xaaaaaaaa); /* SGIs are edges */
    assert_int_equal(rd(0, ICFGR + 4), 0);
    assert_int_equal(machine.cpus[0].page.private_enabled, 0);
    assert_int_equal(machine.cpus[0].page.distributor, GUEST_GICD_BASE);
}

static void after_reset(void **state)
{
    (void)state;
    after_reset_but(0);
}

static void bits_are_set_and_cleared_by_ones(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 8; i++) {
        wr(0, ISENABLER + 4 * i, 0xa5a50000);
        wr(0, ISENABLER + 4 * i, 0x0000a5a5);
        assert_int_equal(rd(0, ISENABLER + 4 * i), 0xa5a5a5a5);
        wr(0, ICENABLER + 4 * i, 0xff0000ff);
        assert_int_equal(rd(0, ICENABLER + 4 * i), 0x00a5a500);
        assert_int_equal(rd(0, ISENABLER + 4 * i), 0x00a5a500);
        wr(0, IGROUPR + 4 * i, 0x12345678);
        assert_int_equal(rd(0, IGROUPR + 4 * i), 0x12345678);
        wr(0, ISPENDR + 4 * i, 0xf000f000);
        assert_int_equal(rd(0, ISPENDR + 4 * i), i == 0 ? 0xf0000000 : 0xf000f000);
        assert_int_equal(rd(0, ICPENDR + 4 * i), i == 0 ? 0xf0000000 : 0xf000f000);
        wr(0, ICPENDR + 4 * i, 0x70000000);
        assert_int_equal(rd(0, ISPENDR + 4 * i), i == 0 ? 0x80000000 : 0x8000f000);
        wr(0, ICPENDR + 4 * i, 0xffffffff);
        assert_int_equal(rd(0, ISPENDR + 4 * i), 0);
        wr(0, ISACTIVER + 4 * i, 0x00ff00ff);
        assert_int_equal(rd(0, ISACTIVER + 4 * i), 0x00ff00ff);
        wr(0, ICACTIVER + 4 * i, 0x000f000f);
        assert_int_equal(rd(0, ICACTIVER + 4 * i), 0x00f000f0);
        wr(0, ICACTIVER + 4 * i, 0xffffffff);
        assert_int_equal(rd(0, ISACTIVER + 4 * i), 0);
    }
    /* Interrupts that do not exist. */
    wr(0, ISENABLER + 4 * 8, 0xffffffff);
    assert_int_equal(rd(0, ISENABLER + 4 * 8), 0);
    wr(0, ISENABLER + 4 * 31, 0xffffffff);
    assert_int_equal(rd(0, ISENABLER + 4 * 31), 0);
}

static void priorities_have_five_bits_and_bytes(void **state)
{
    (void)state;
    for (uint32_t intid = 0; intid < GIC_INTIDS; intid += 4) {
        wr(0, IPRIORITYR + intid, 0xff7f3f1f);
        assert_int_equal(rd(0, IPRIORITYR + intid), 0xf8783818);
        wr8(0, IPRIORITYR + intid + 2, 0xa5);
        assert_int_equal(rd(0, IPRIORITYR + intid), 0xf8a03818);
        assert_int_equal(machine_read(&machine, 0, GICD(IPRIORITYR + intid + 2), 1), 0xa0);
    }
    wr(0, IPRIORITYR + GIC_INTIDS, 0xffffffff);
    assert_int_equal(rd(0, IPRIORITYR + GIC_INTIDS), 0);
}

static void other_widths_do_nothing(void **state)
{
    (void)state;
    static const uint32_t words[] = {CTLR, IGROUPR + 4, ISENABLER + 4, ISPENDR + 4, ISACTIVER + 4, ICFGR + 8};
    wr(0, CTLR, 0);
    for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (uint32_t width = 1; width <= 8; width = width == 2 ? 8 : width * 2) {
            machine_write(&machine, 0, GICD(words[i]), width, UINT64_MAX);
            assert_int_equal(rd(0, words[i]), 0);
        }
        machine_write(&machine, 0, GICD(words[i] + 2), 4, UINT64_MAX); /* not aligned */
        assert_int_equal(rd(0, words[i]), 0);
        wr(0, words[i], 0xffffffff);
        assert_int_equal(machine_read(&machine, 0, GICD(words[i]), 1), 0);
        assert_int_equal(machine_read(&machine, 0, GICD(words[i]), 2), 0);
        assert_int_equal(machine_read(&machine, 0, GICD(words[i]), 8), 0);
    }
    machine_write(&machine, 0, GICD(IPRIORITYR + 32), 2, 0xffff);
    machine_write(&machine, 0, GICD(IPRIORITYR + 32), 8, UINT64_MAX);
    machine_write(&machine, 0, GICD(ITARGETSR + 32), 2, 0xffff);
    machine_write(&machine, 0, GICD(ITARGETSR + 32), 8, UINT64_MAX);
    assert_int_equal(rd(0, IPRIORITYR + 32), 0);
    assert_int_equal(rd(0, ITARGETSR + 32), 0);
    /* What lies above the 4 KiB. */
    assert_int_equal(machine_read(&machine, 0, GICD(0x1000), 4), 0);
    assert_int_equal(machine_read(&machine, 0, GICD(0xfff8), 8), 0);
    machine_write(&machine, 0, GICD(0x1000 + ISENABLER), 4, 1);
}

static void private_registers_are_banked(void **state)
{
    (void)state;
    for (uint32_t vcpu = 0; vcpu < 4; vcpu++) {
        wr(vcpu, ISENABLER, 1u << vcpu);
        wr8(vcpu, IPRIORITYR + 27, (uint8_t)(vcpu << 4));
        wr(vcpu, ICFGR + 4, 2u << 2 * vcpu);
    }
    for (uint32_t vcpu = 0; vcpu < 4; vcpu++) {
        assert_int_equal(rd(vcpu, ISENABLER), 1u << vcpu);
        assert_int_equal(machine_read(&machine, vcpu, GICD(IPRIORITYR + 27), 1), vcpu << 4);
        assert_int_equal(rd(vcpu, ICFGR + 4), 2u << 2 * vcpu);
        assert_int_equal(rd(vcpu, ITARGETSR), 0x01010101u << vcpu);
        assert_int_equal(rd(vcpu, ITARGETSR + 28), 0x01010101u << vcpu);
        wr(vcpu, ITARGETSR, 0xffffffff);
        assert_int_equal(rd(vcpu, ITARGETSR), 0x01010101u << vcpu);
    }
    wr(0, ICFGR, 0);
    assert_int_equal(rd(0, ICFGR), 0xaaaaaaaa);
}

static void targets(void **state)
{
    (void)state;
    wr(0, ITARGETSR + 40, 0xff0f0201);
    assert_int_equal(rd(1, ITARGETSR + 40), 0x0f0f0201); /* 4 CPUs */
    wr8(0, ITARGETSR + 43, 0x08);
    assert_int_equal(rd(0, ITARGETSR + 40), 0x080f0201);
    assert_int_equal(machine_read(&machine, 0, GICD(ITARGETSR + 43), 1), 8);
    machine_create(&machine, 2, 1, false);
    wr(0, ITARGETSR + 40, 0xffffffff);
    assert_int_equal(rd(0, ITARGETSR + 40), 0);
    assert_int_equal(rd(0, ITARGETSR), 0);
}

static void interrupt_reaches_its_target_only(void **state)
{
    (void)state;
    prepare(5);
    for (uint32_t target = 0; target < 4; target++) {
        wr8(0, ITARGETSR + 37, (uint8_t)(1u << target));
        machine_line(&machine, 5, true);
        for (uint32_t vcpu = 0; vcpu < 4; vcpu++) {
            if (vcpu != target) {
                assert_int_equal(machine_acknowledge(&machine, vcpu), NOTHING);
            }
        }
        assert_int_equal(machine_acknowledge(&machine, target), 37);
        machine_line(&machine, 5, false);
        machine_end(&machine, target, 37);
        assert_int_equal(machine_acknowledge(&machine, target), NOTHING);
    }
    /* No target: pending, delivered once there is one; of several, to one. */
    wr8(0, ITARGETSR + 37, 0);
    machine_line(&machine, 5, true);
    assert_int_equal(rd(0, ISPENDR + 4), 1u << 5);
    wr8(0, ITARGETSR + 37, 0x0c);
    uint32_t taken = 0;
    for (uint32_t vcpu = 0; vcpu < 4; vcpu++) {
        taken += machine_acknowledge(&machine, vcpu) == 37;
    }
    assert_int_equal(taken, 1);
}

static void single_cpu_gets_all(void **state)
{
    (void)state;
    machine_create(&machine, 2, 1, false);
    prepare(9);
    machine_line(&machine, 9, true);
    assert_int_equal(machine_acknowledge(&machine, 0), 41);
}

static void pending_interrupt_moves_with_its_target(void **state)
{
    (void)state;
    prepare(5);
    machine_line(&machine, 5, true);
    assert_true(machine_list(&machine, 0, 37) != 0);
    wr8(3, ITARGETSR + 37, 4);
    assert_true(machine_list(&machine, 0, 37) == 0);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    assert_int_equal(machine_acknowledge(&machine, 2), 37);
    /* Active it stays where it is, and comes again at the new target. */
    wr8(3, ITARGETSR + 37, 2);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    machine_end(&machine, 2, 37);
    assert_int_equal(machine_acknowledge(&machine, 2), NOTHING);
    assert_int_equal(machine_acknowledge(&machine, 1), 37);
}

static void sgi_by_list_all_others_and_self(void **state)
{
    (void)state;
    for (uint32_t vcpu = 0; vcpu < 4; vcpu++) {
        wr(vcpu, ISENABLER, 0xffff);
        wr(vcpu, ISENABLER, 0xffff);
    }
    wr(0, CTLR, 1);
    wr(1, SGIR, 0x000d0003); /* to 0, 2, 3 */
    for (uint32_t vcpu = 0; vcpu < 4; vcpu++) {
        assert_int_equal(machine_take(&machine, vcpu), vcpu == 1 ? NOTHING : (3 | 1 << 10));
    }
    wr(2, SGIR, 0x01ff0004); /* to the others */
    for (uint32_t vcpu = 0; vcpu < 4; vcpu++) {
        assert_int_equal(machine_take(&machine, vcpu), vcpu == 2 ? NOTHING : (4 | 2 << 10));
    }
    wr(3, SGIR, 0x02ff0005); /* to itself */
    for (uint32_t vcpu = 0; vcpu < 4; vcpu++) {
        assert_int_equal(machine_take(&machine, vcpu), vcpu == 3 ? (5 | 3 << 10) : NOTHING);
    }
    wr(0, SGIR, 0x03ff0006); /* reserved */
    wr(0, SGIR, 0x00f00006); /* CPUs that there are not */
    for (uint32_t vcpu = 0; vcpu < 4; vcpu++) {
        assert_int_equal(machine_take(&machine, vcpu), NOTHING);
    }
}

static void sgi_of_each_sender_is_taken_once(void **state)
{
    (void)state;
    wr(0, CTLR, 1);
    wr(0, ISENABLER, 0xffff);
    wr(1, SGIR, 0x00010007);
    wr(3, SGIR, 0x00010007);
    wr(3, SGIR, 0x00010007);
    wr(0, SGIR, 0x00010007);
    assert_int_equal(machine_read(&machine, 0, GICD(SPENDSGIR + 7), 1), 0x0b);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t taken = machine_acknowledge(&machine, 0);
        assert_int_equal(taken & 0x3ff, 7);
        seen |= 1u << (taken >> 10);
        machine_end(&machine, 0, taken);
    }
    assert_int_equal(seen, 0x0b);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    /* Sent again while it is active, by the same and by another. */
    wr(1, SGIR, 0x00010007);
    assert_int_equal(machine_acknowledge(&machine, 0), 7 | 1 << 10);
    wr(1, SGIR, 0x00010007);
    wr(2, SGIR, 0x00010007);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    machine_end(&machine, 0, 7 | 1 << 10);
    seen = 0;
    seen |= 1u << (machine_take(&machine, 0) >> 10);
    seen |= 1u << (machine_take(&machine, 0) >> 10);
    assert_int_equal(seen, 6);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
}

/* The kernel puts the same SGI of another sender into a list register of its own. */
static void sgi_of_another_sender_by_the_kernel(void **state)
{
    (void)state;
    wr(0, CTLR, 1);
    wr(0, ISENABLER, 0xffff);
    wr(1, SGIR, 0x00010007);
    assert_int_equal(machine_acknowledge(&machine, 0), 7 | 1 << 10);
    assert_true(machine_kernel_sgi(&machine, 2, 0, 7));
    assert_int_equal(rd(0, ISACTIVER), 1u << 7);
    assert_int_equal(rd(0, ISPENDR), 1u << 7);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    machine_end(&machine, 0, 7 | 1 << 10);
    assert_int_equal(machine_take(&machine, 0), 7 | 2 << 10);
    assert_int_equal(rd(0, ISACTIVER), 0);
}

static void pending_sgis_are_set_and_cleared_by_source(void **state)
{
    (void)state;
    wr(0, CTLR, 1);
    wr(1, SPENDSGIR + 8, 0xff000201); /* SGIs 8, 9, 11 of vCPU 1 */
    assert_int_equal(rd(1, SPENDSGIR + 8), 0x0f000201);
    assert_int_equal(rd(1, CPENDSGIR + 8), 0x0f000201);
    assert_int_equal(rd(0, SPENDSGIR + 8), 0);
    assert_int_equal(rd(1, ISPENDR), 0xb00);
    wr(1, ISPENDR, 0x1);
    wr(1, ICPENDR, 0xb00);
    assert_int_equal(rd(1, ISPENDR), 0xb00); /* read-only for SGIs */
    wr8(1, CPENDSGIR + 11, 0x05);
    assert_int_equal(rd(1, SPENDSGIR + 8), 0x0a000201);
    wr(1, CPENDSGIR + 8, 0x0000ffff);
    assert_int_equal(rd(1, SPENDSGIR + 8), 0x0a000000);
    wr(1, ISENABLER, 0xffff);
    assert_int_equal(machine_take(&machine, 1), 11 | 1 << 10);
    assert_int_equal(machine_take(&machine, 1), 11 | 3 << 10);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    machine_write(&machine, 1, GICD(SPENDSGIR), 2, 0xffff);
    assert_int_equal(rd(1, SPENDSGIR), 0);
}

static void kernel_hears_what_it_may_deliver(void **state)
{
    (void)state;
    const struct vcpu_gic *page = &machine.cpus[1].page;
    wr(1, ISENABLER, 1u << 27 | 1u << 26 | 0x5);
    wr8(1, IPRIORITYR + 27, 0x30);
    wr8(1, IPRIORITYR + 2, 0x40);
    assert_int_equal(page->private_enabled, 0); /* the distributor is off */
    wr(0, CTLR, 1);
    assert_int_equal(page->private_enabled, 1u << 27 | 0x5);
    assert_int_equal(page->private_priority[27], 0x30);
    assert_int_equal(page->private_priority[2], 0x40);
    wr(1, IGROUPR, 0x1); /* the kernel's are of group 0 here */
    assert_int_equal(page->private_enabled, 1u << 27 | 0x4);
    wr(1, ICENABLER, 1u << 27);
    assert_int_equal(page->private_enabled, 0x4);
    machine.cpus[1].page.kernel_private = 0; /* a kernel that delivers none */
    wr(1, ICENABLER, 1);
    assert_int_equal(page->private_enabled, 0);
    machine.cpus[1].page.kernel_private = 0xffff;
    wr(0, CTLR, 2);
    assert_int_equal(page->private_enabled, 0);
    assert_int_equal(machine.cpus[0].page.private_enabled, 0);
}

static void groups(void **state)
{
    (void)state;
    prepare(5);
    wr(0, IGROUPR + 4, 1u << 5);
    machine_line(&machine, 5, true);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING); /* group 1 is not forwarded */
    wr(0, CTLR, 2);
    assert_true((machine_list(&machine, 0, 37) & LR_GROUP1) != 0);
    wr(0, IGROUPR + 4, 0);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    wr(0, CTLR, 3);
    assert_true(machine_list(&machine, 0, 37) != 0);
    assert_true((machine_list(&machine, 0, 37) & LR_GROUP1) == 0);
    assert_int_equal(machine_acknowledge(&machine, 0), 37);
}

static void reset_forgets_all_but_the_lines(void **state)
{
    (void)state;
    prepare(5);
    machine_line(&machine, 5, true);
    wr(0, ISENABLER, 0xffffffff);
    wr(0, SGIR, 0x00ff0001);
    assert_int_equal(machine_acknowledge(&machine, 0), 1);
    for (uint32_t i = 0; i < 4; i++) {
        machine_sleep(&machine, i);
    }
    gic_set_ppi(&machine.gic, 3, 20, true);
    gic_reset(&machine.gic);
    assert_int_equal(machine.gic.vcpus[3].bank.level, 1u << 20);
    assert_int_equal(machine.cpus[0].page.private_enabled, 0);
    for (uint32_t i = 0; i < 4; i++) {
        machine.cpus[i].depth = 0;
        machine_exit(&machine, i);
        assert_int_equal(machine_acknowledge(&machine, i), NOTHING);
    }
    after_reset_but(1u << 5);
    prepare(5);
    assert_int_equal(machine_acknowledge(&machine, 0), 37);
}

static void refused_configurations(void **state)
{
    (void)state;
    static struct gic gic;
    static struct bus bus;
    static struct irq_router router;
    struct gic_config config = machine.gic.config;
    config.version = 4;
    assert_int_equal(gic_init(&gic, &config, &bus, &router, &machine.memory, NULL), -1);
    config.version = 2;
    config.vcpu_count = 9;
    assert_int_equal(gic_init(&gic, &config, &bus, &router, &machine.memory, NULL), -1);
    config.vcpu_count = 0;
    assert_int_equal(gic_init(&gic, &config, &bus, &router, &machine.memory, NULL), -1);
    config.vcpu_count = 2;
    config.its = true;
    assert_int_equal(gic_init(&gic, &config, &bus, &router, &machine.memory, NULL), -1);
    config.its = false;
    config.vcpus[1].hardware = NULL;
    assert_int_equal(gic_init(&gic, &config, &bus, &router, &machine.memory, NULL), -1);
    config.vcpu_count = 1;
    assert_int_equal(gic_init(&gic, &config, &bus, &router, &machine.memory, NULL), 0);
    assert_int_equal(gic_init(&gic, &config, &bus, &router, &machine.memory, NULL), -1); /* the place is taken */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(identification, setup),
        cmocka_unit_test_setup(after_reset, setup),
        cmocka_unit_test_setup(bits_are_set_and_cleared_by_ones, setup),
        cmocka_unit_test_setup(priorities_have_five_bits_and_bytes, setup),
        cmocka_unit_test_setup(other_widths_do_nothing, setup),
        cmocka_unit_test_setup(private_registers_are_banked, setup),
        cmocka_unit_test_setup(targets, setup),
        cmocka_unit_test_setup(interrupt_reaches_its_target_only, setup),
        cmocka_unit_test_setup(single_cpu_gets_all, setup),
        cmocka_unit_test_setup(pending_interrupt_moves_with_its_target, setup),
        cmocka_unit_test_setup(sgi_by_list_all_others_and_self, setup),
        cmocka_unit_test_setup(sgi_of_each_sender_is_taken_once, setup),
        cmocka_unit_test_setup(sgi_of_another_sender_by_the_kernel, setup),
        cmocka_unit_test_setup(pending_sgis_are_set_and_cleared_by_source, setup),
        cmocka_unit_test_setup(kernel_hears_what_it_may_deliver, setup),
        cmocka_unit_test_setup(groups, setup),
        cmocka_unit_test_setup(reset_forgets_all_but_the_lines, setup),
        cmocka_unit_test_setup(refused_configurations, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
