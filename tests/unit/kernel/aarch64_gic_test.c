/* SPDX-License-Identifier: BSD-2-Clause */
/* The GIC's arithmetic: registers per INTID, affinities, redistributors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arch/gic_redistributor.h>

#include "../../../kernel/arch/aarch64/gic_driver.h"
#include "../../../kernel/arch/aarch64/its_command.h"

#define FRAME 0x10000u

/* GICR_TYPER of the redistributor at this offset. */
static void set_typer(char *region, uint64_t offset, uint32_t affinity, uint32_t low)
{
    memcpy(region + offset + 8, &low, 4);
    memcpy(region + offset + 12, &affinity, 4);
}

static void test_find_redistributor(void **state)
{
    (void)state;
    char *region = calloc(8, FRAME);
    assert_non_null(region);
    set_typer(region, 0, 0x00000000, 0);
    set_typer(region, 2 * FRAME, 0x00000001, 1u << 8);
    set_typer(region, 4 * FRAME, 0x02000100, 0x310);
    assert_int_equal(gic_redistributor_find(region, 8 * FRAME, 0), 0);
    assert_int_equal(gic_redistributor_find(region, 8 * FRAME, 1), 2 * FRAME);
    assert_int_equal(gic_redistributor_find(region, 8 * FRAME, 0x0200000100), 4 * FRAME);
    /* Bit 4 of the third says that it is the last. */
    set_typer(region, 6 * FRAME, 3, 0);
    assert_true(gic_redistributor_find(region, 8 * FRAME, 3) == GIC_REDISTRIBUTOR_NONE);
    assert_true(gic_redistributor_find(region, 8 * FRAME, 0x100) == GIC_REDISTRIBUTOR_NONE);
    free(region);
}

static void test_find_redistributor_of_gicv4(void **state)
{
    (void)state;
    char *region = calloc(8, FRAME);
    assert_non_null(region);
    set_typer(region, 0, 0, 2); /* VLPIS: four frames */
    set_typer(region, 2 * FRAME, 7, 0);
    set_typer(region, 4 * FRAME, 1, 2);
    assert_int_equal(gic_redistributor_find(region, 8 * FRAME, 1), 4 * FRAME);
    assert_true(gic_redistributor_find(region, 8 * FRAME, 7) == GIC_REDISTRIBUTOR_NONE);
    free(region);
}

static void test_region_ends(void **state)
{
    (void)state;
    char *region = calloc(3, FRAME);
    assert_non_null(region);
    set_typer(region, 0, 0, 0);
    /* The second would need a fourth frame; the sanitiser watches the end. */
    set_typer(region, 2 * FRAME, 1, 0);
    assert_true(gic_redistributor_find(region, 3 * FRAME, 1) == GIC_REDISTRIBUTOR_NONE);
    assert_true(gic_redistributor_find(region, FRAME, 0) == GIC_REDISTRIBUTOR_NONE);
    assert_true(gic_redistributor_find(region, 0, 0) == GIC_REDISTRIBUTOR_NONE);
    free(region);
}

static void test_sgi_targets(void **state)
{
    (void)state;
    assert_true(gic_sgi1r(0, 0) == 1);
    assert_true(gic_sgi1r(3, 1) == (1ull << 24 | 1ull << 3));
    /* Aff0 17: range selector 1, bit 1. */
    assert_true(gic_sgi1r(0x4500020311, 2) == (0x45ull << 48 | 1ull << 44 | 2ull << 32 | 2ull << 24 | 3ull << 16 | 2));
}

static void test_intids(void **state)
{
    (void)state;
    assert_int_equal(gic_intid(33), 33);
    assert_int_equal(gic_intid(3u << 10 | 1), 1); /* GICv2: an SGI of CPU 3 */
    assert_int_equal(gic_intid(1023), GIC_SPURIOUS);
    assert_int_equal(gic_intid(8200), 8200);
    assert_int_equal(gic_typer_end(0), 32);
    assert_int_equal(gic_typer_end(8), 288);
    assert_int_equal(gic_typer_end(0xffffffff), 1020);
}

static void test_priorities(void **state)
{
    (void)state;
    assert_int_equal(gic_device_priority(107), 0xa0);
    assert_int_equal(gic_device_priority(0), 0xd0);
    for (uint32_t vector = 0; vector < 107; vector++) {
        assert_true(gic_device_priority(vector) >= gic_device_priority(vector + 1));
    }
    /* With 32 levels, as a GIC has at least where there are no Security states. */
    assert_true((GIC_PRIORITY_PRIVATE & 0xf8) < (gic_device_priority(107) & 0xf8));
}

static void test_registers(void **state)
{
    (void)state;
    static uint32_t registers[0x1000 / 4];
    gic_registers_t base = registers;

    gic_write_bit(base, GICD_ISENABLER, 65);
    assert_int_equal(registers[GICD_ISENABLER / 4 + 2], 2);
    assert_true(gic_read_bit(base, GICD_ISENABLER, 65));
    assert_false(gic_read_bit(base, GICD_ISENABLER, 64));
    gic_write_byte(base, GICD_PRIORITY, 34, 0xa0);
    assert_int_equal(registers[GICD_PRIORITY / 4 + 8], 0xa00000);
    gic_write_trigger(base, 33, true);
    gic_write_trigger(base, 34, true);
    assert_int_equal(registers[GICD_ICFGR / 4 + 2], 2u << 2 | 2u << 4);
    gic_write_trigger(base, 33, false);
    assert_int_equal(registers[GICD_ICFGR / 4 + 2], 2u << 4);
}

static void assert_command(struct its_command command, uint64_t w0, uint64_t w1, uint64_t w2)
{
    assert_true(command.words[0] == w0 && command.words[1] == w1 && command.words[2] == w2 && command.words[3] == 0);
}

static void test_its_commands(void **state)
{
    (void)state;
    const uint64_t valid = 1ull << 63;
    assert_command(its_map_device(0x18, 0x40001100, 8), 0x1800000008, 7, valid | 0x40001100);
    assert_command(its_map_collection(3, 0x80a0000), 0x09, 0, valid | 0x80a0003);
    assert_command(its_map_event(0x18, 5, 8193, 3), 0x180000000a, 0x200100000005, 3);
    assert_command(its_invalidate(0x18, 5), 0x180000000c, 5, 0);
    assert_command(its_synchronise(0x80a0000), 0x05, 0, 0x80a0000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_redistributor),
        cmocka_unit_test(test_find_redistributor_of_gicv4),
        cmocka_unit_test(test_region_ends),
        cmocka_unit_test(test_sgi_targets),
        cmocka_unit_test(test_intids),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_its_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
