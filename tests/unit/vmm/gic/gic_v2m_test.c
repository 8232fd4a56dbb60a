/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv2m: messages that become edges of SPIs. */
#include "gic_machine.h"

#include <vmm/devices/gic_v2m.h>

#define GICD(offset)  (GUEST_GICD_BASE + (offset))
#define FRAME(offset) (GUEST_V2M_BASE + (offset))
#define ISPENDR(n)    GICD(0x200 + (n) / 32 * 4)
#define ICPENDR(n)    GICD(0x280 + (n) / 32 * 4)
#define ICFGR(n)      GICD(0xc00 + (n) / 16 * 4)
#define FIRST         (GUEST_V2M_SPI + 32u) /* INTID */

static struct machine machine;
static struct gic_v2m frame;

static int setup(void **state)
{
    *state = NULL;
    machine_create(&machine, 2, 1, false);
    assert_int_equal(
        gic_v2m_init(&frame, &machine.bus, GUEST_V2M_BASE, GUEST_V2M_SPI, GUEST_V2M_SPI_COUNT, &machine.router), 0);
    for (uint32_t n = FIRST - 16; n < FIRST + GUEST_V2M_SPI_COUNT + 16; n += 16) {
        machine_write(&machine, 0, ICFGR(n), 4, 0xaaaaaaaa); /* edges */
    }
    return 0;
}

static bool pending(uint32_t intid)
{
    return (machine_read(&machine, 0, ISPENDR(intid), 4) >> intid % 32 & 1) != 0;
}

static void clear(uint32_t intid)
{
    machine_write(&machine, 0, ICPENDR(intid), 4, 1u << intid % 32);
}

static void the_frame_says_which_interrupts_it_has(void **state)
{
    (void)state;
    assert_int_equal(machine_read(&machine, 0, FRAME(8), 4), FIRST << 16 | GUEST_V2M_SPI_COUNT);
    assert_int_not_equal(machine_read(&machine, 0, FRAME(0xfcc), 4), 0);
    assert_int_equal(machine_read(&machine, 0, FRAME(0x40), 4), 0);
    assert_int_equal(machine_read(&machine, 0, FRAME(8), 2), 0);
}

static void messages_and_writes_are_edges(void **state)
{
    (void)state;
    static const uint32_t intids[] = {FIRST, FIRST + 5, FIRST + GUEST_V2M_SPI_COUNT - 1};
    for (uint32_t i = 0; i < 3; i++) {
        irq_send_msi(&machine.router, 8, FRAME(0x40), intids[i]);
        assert_true(pending(intids[i]));
        clear(intids[i]);
        assert_false(pending(intids[i]));
        machine_write(&machine, 0, FRAME(0x40), 4, intids[i]);
        assert_true(pending(intids[i]));
        clear(intids[i]);
    }
}

static void nothing_else_is_reached(void **state)
{
    (void)state;
    static const uint32_t intids[] = {0, 31, 32, FIRST - 1, FIRST + GUEST_V2M_SPI_COUNT, 0xffffffff};
    for (uint32_t i = 0; i < 6; i++) {
        irq_send_msi(&machine.router, 8, FRAME(0x40), intids[i]);
        machine_write(&machine, 0, FRAME(0x40), 4, intids[i]);
    }
    irq_send_msi(&machine.router, 8, FRAME(0x44), FIRST);
    machine_write(&machine, 0, FRAME(0x40), 2, FIRST);
    machine_write(&machine, 0, FRAME(0x44), 4, FIRST);
    for (uint32_t n = 32; n < 256; n += 32) {
        assert_int_equal(machine_read(&machine, 0, ISPENDR(n), 4), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_frame_says_which_interrupts_it_has, setup),
        cmocka_unit_test_setup(messages_and_writes_are_edges, setup),
        cmocka_unit_test_setup(nothing_else_is_reached, setup),
    };
    return cmocka_run_group_tests_name("gic_v2m", tests, NULL, NULL);
}
