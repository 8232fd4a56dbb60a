/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt translation service: registers, commands, tables and queues, good and bad. Arm IHI 0069, chapter 5. */
#include "gic_its_fixture.h"

static void registers(void **state)
{
    (void)state;
    machine_create(&machine, 3, VCPUS, true);
    assert_int_equal(rd(ITS(GITS_TYPER)), 1 | 7 << 4 | 15 << 8 | 11 << 13 | 17 << 24);
    assert_int_equal(machine_read(&machine, 0, ITS(GITS_TYPER + 4), 4), 0);
    assert_int_equal((uint32_t)machine_read(&machine, 0, ITS(GITS_CTLR), 4), 1u << 31);
    assert_int_equal(machine_read(&machine, 0, ITS(4), 4) & 0xfff, 0x43b);
    assert_int_equal(machine_read(&machine, 0, ITS(0xffe8), 4) >> 4, 3);
    assert_int_equal(machine_read(&machine, 0, ITS(0x1ffe8), 4), 0);
    wr(ITS(GITS_BASER), UINT64_MAX);
    assert_true(rd(ITS(GITS_BASER)) == 0xb9e7ffffffffffffull); /* devices, 8 bytes each, flat */
    for (uint32_t i = 1; i < 8; i++) {
        wr(ITS(GITS_BASER + 8 * i), UINT64_MAX);
        assert_int_equal(rd(ITS(GITS_BASER + 8 * i)), 0);
    }
    wr(ITS(GITS_CBASER), UINT64_MAX);
    assert_true(rd(ITS(GITS_CBASER)) == 0xb8effffffffffcffull);
    wr(ITS(GITS_CWRITER), 0xfffe0 | 1);
    assert_int_equal(rd(ITS(GITS_CWRITER)), 0xfffe0);
    wr32(ITS(GITS_CBASER), 0x1000);
    assert_true(rd(ITS(GITS_CBASER)) == 0xb8efffff00001000ull);
    assert_int_equal(rd(ITS(GITS_CWRITER)), 0); /* an empty queue */
    wr(ITS(GITS_CREADR), 0x40);
    assert_int_equal(rd(ITS(GITS_CREADR)), 0);
    /* While it is on, the tables stay. */
    machine_write(&machine, 0, ITS(GITS_BASER), 1, 0);
    machine_write(&machine, 0, ITS(GITS_BASER), 2, 0);
    wr32(ITS(GITS_CTLR), 0xffffffff);
    assert_int_equal(machine_read(&machine, 0, ITS(GITS_CTLR), 4), 1);
    wr(ITS(GITS_CBASER), 0);
    wr(ITS(GITS_BASER), 0);
    assert_true(rd(ITS(GITS_CBASER)) == 0xb8efffff00001000ull);
    assert_true(rd(ITS(GITS_BASER)) == 0xb9e7ffffffffffffull);
    machine_write(&machine, 0, ITS(GITS_CTLR), 8, 0);
    machine_write(&machine, 0, ITS(GITS_CTLR), 1, 0);
    assert_int_equal(machine_read(&machine, 0, ITS(GITS_CTLR), 4), 1);
    wr32(ITS(0x10040), 5); /* a CPU's write has no device ID */
    assert_int_equal(machine_read(&machine, 0, ITS(0x10040), 4), 0);
}

static void move_clear_discard(void **state)
{
    (void)state;
    machine_msi(&machine, 8, 4);
    command(MOVI, 8, 4, 0, 2, 0);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    assert_int_equal(machine_take(&machine, 2), GIC_FIRST_LPI + 4);
    machine_msi(&machine, 8, 4);
    assert_int_equal(machine_acknowledge(&machine, 2), GIC_FIRST_LPI + 4);
    command(MOVI, 8, 4, 0, 1, 0); /* while it is active */
    machine_msi(&machine, 8, 4);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    machine_end(&machine, 2, GIC_FIRST_LPI + 4);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + 4);
    machine_msi(&machine, 8, 5);
    command(CLEAR, 8, 5, 0, 0, 0);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    machine_msi(&machine, 8, 5);
    command(DISCARD, 8, 5, 0, 0, 0);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    machine_msi(&machine, 8, 5);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    assert_int_equal(errors(), 1);
    command(INT, 8, 6, 0, 0, 0);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + 6);
    for (uint32_t i = 10; i < 20; i++) {
        machine_msi(&machine, 8, i);
    }
    command(MOVALL, 0, 0, 0, 1 << 16, 2 << 16);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    for (uint32_t i = 10; i < 20; i++) {
        assert_int_equal(machine_take(&machine, 2), GIC_FIRST_LPI + i);
    }
    command(MOVALL, 0, 0, 0, 1 << 16, 1 << 16);
    assert_int_equal(errors(), 1);
}

static void commands_meet_lists_of_running_vcpus(void **state)
{
    (void)state;
    machine_msi(&machine, 8, 4);
    machine.deaf = true;
    command(CLEAR, 8, 4, 0, 0, 0);
    machine_settle(&machine);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    machine_msi(&machine, 8, 4);
    machine_settle(&machine);
    command(CLEAR, 8, 4, 0, 0, 0);
    command(INT, 8, 4, 0, 0, 0); /* and again */
    machine_settle(&machine);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + 4);
    machine_settle(&machine);
    machine_msi(&machine, 8, 7);
    machine_settle(&machine);
    command(MOVI, 8, 7, 0, 0, 0);
    machine_settle(&machine);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    assert_int_equal(machine_take(&machine, 0), GIC_FIRST_LPI + 7);
}

static void collections(void **state)
{
    (void)state;
    map_collection(1, 0);
    machine_msi(&machine, 8, 1);
    assert_int_equal(machine_take(&machine, 0), GIC_FIRST_LPI + 1);
    command(MAPC, 0, 0, 0, 1, 0); /* no more */
    machine_msi(&machine, 8, 1);
    for (uint32_t i = 0; i < VCPUS; i++) {
        assert_int_equal(machine_take(&machine, i), NOTHING);
    }
    map_collection(1, 2);
    machine_msi(&machine, 8, 1);
    assert_int_equal(machine_take(&machine, 2), GIC_FIRST_LPI + 1);
    uint64_t before = errors();
    map_collection(GIC_ITS_COLLECTIONS, 0);
    map_collection(1, VCPUS);
    map_collection(1, 0xffffff);
    command(MOVI, 8, 1, 0, GIC_ITS_COLLECTIONS, 0);
    command(MOVI, 8, 1, 0, 10, 0); /* not mapped */
    command(MOVALL, 0, 0, 0, 7 << 16, 0);
    command(MOVALL, 0, 0, 0, 0, 7 << 16);
    assert_int_equal(errors(), before + 7);
    machine_msi(&machine, 8, 1);
    assert_int_equal(machine_take(&machine, 2), GIC_FIRST_LPI + 1);
    map_collection(GIC_ITS_COLLECTIONS - 1, 0);
    command(MOVI, 8, 1, 0, GIC_ITS_COLLECTIONS - 1, 0);
    machine_msi(&machine, 8, 1);
    assert_int_equal(machine_take(&machine, 0), GIC_FIRST_LPI + 1);
}

static void mapi_and_events_of_16_bits(void **state)
{
    (void)state;
    map_device(0xfff, EVENTS(1), 14);
    command(MAPI, 0xfff, 9000, 0, 0, 0);
    configure(9000, 0x40, true);
    machine_msi(&machine, 0xfff, 9000);
    assert_int_equal(machine_take(&machine, 0), 9000);
    command(MAPTI, 0xfff, 16383, GIC_FIRST_LPI + GIC_LPIS - 1, 0, 0);
    configure(GIC_FIRST_LPI + GIC_LPIS - 1, 0x40, true);
    machine_msi(&machine, 0xfff, 16383);
    assert_int_equal(machine_take(&machine, 0), GIC_FIRST_LPI + GIC_LPIS - 1);
    assert_int_equal(errors(), 0);
    command(MAPD, 0xfff, 0, 0, 0, 0);
    machine_msi(&machine, 0xfff, 9000);
    assert_int_equal(machine_take(&machine, 0), NOTHING);
}

static void wrong_commands_change_nothing(void **state)
{
    (void)state;
    uint64_t before = errors();
    static const uint32_t kinds[] = {0, 2, 6, 7, 0x10, 0x20, 0x2d, 0xff};
    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        command(kinds[i], 8, 0, 0, 0, 0);
    }
    assert_int_equal(errors() - before, 8);
    before = errors();
    command(MAPTI, 8, 32, GIC_FIRST_LPI, 1, 0);             /* the device has 32 events */
    command(MAPTI, 8, 0xffffffff, GIC_FIRST_LPI, 1, 0);     /* far more */
    command(MAPTI, 9, 0, GIC_FIRST_LPI, 1, 0);              /* not mapped */
    command(MAPTI, 8, 0, GIC_FIRST_LPI - 1, 1, 0);          /* not an LPI */
    command(MAPTI, 8, 0, GIC_FIRST_LPI + GIC_LPIS, 1, 0);   /* too large */
    command(MAPTI, 8, 0, 0xffffffff, 1, 0);                 /* */
    command(MAPTI, 8, 0, GIC_FIRST_LPI, 0xffff, 0);         /* no such collection */
    command(MAPI, 8, 3, 0, 1, 0);                           /* the event is the INTID */
    command(MAPD, 0x1000, 4, 0, VALID | GUEST_RAM_BASE, 0); /* device ID of more than 12 bits */
    command(MAPD, 0xffffffff, 4, 0, VALID | GUEST_RAM_BASE, 0);
    command(MAPD, 8, 16, 0, VALID | GUEST_RAM_BASE, 0); /* events of 17 bits */
    command(INV, 8, 40, 0, 0, 0);
    command(CLEAR, 0x2000, 0, 0, 0, 0);
    command(INT, 8, 32, 0, 0, 0);
    command(DISCARD, 5, 5, 0, 0, 0);
    command(MOVI, 5, 5, 0, 1, 0);
    assert_int_equal(errors() - before, 16);
    for (uint32_t i = 0; i < 32; i++) {
        machine_msi(&machine, 8, i);
        assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + i);
    }
}

static void tables_that_are_not_ram(void **state)
{
    (void)state;
    /* Translation table outside RAM, at its end, at the end of the world. */
    static const uint64_t places[] = {0, GUEST_GICD_BASE, OUTSIDE_RAM, OUTSIDE_RAM - 0x100, 0x000fffffffffff00};
    for (uint32_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        command(MAPD, 3, 15, 0, VALID | places[i], 0);
        command(MAPTI, 3, 0xffff, GIC_FIRST_LPI + 100, 0, 0);
        machine_msi(&machine, 3, 0xffff);
        machine_msi(&machine, 3, 0xffffffff);
        command(INT, 3, 0xffff, 0, 0, 0);
        command(DISCARD, 3, 0xffff, 0, 0, 0);
        assert_int_equal(machine_take(&machine, 0), NOTHING);
    }
    /* Device table outside, or none. */
    static const uint64_t devices[] = {0, VALID, VALID | OUTSIDE_RAM, VALID | 0xffffffff0300,
                                       VALID | 0x7ff0ffffffffffff};
    for (uint32_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        wr32(ITS(GITS_CTLR), 0);
        wr(ITS(GITS_BASER), devices[i]);
        wr32(ITS(GITS_CTLR), 1);
        map_device(8, EVENTS(0), 5);
        machine_msi(&machine, 8, 0);
        assert_int_equal(machine_take(&machine, 1), NOTHING);
    }
    /* A table of one page of each size. */
    for (uint32_t size = 0; size < 3; size++) {
        uint32_t entries = 0x1000u >> 3 << 2 * size;
        wr32(ITS(GITS_CTLR), 0);
        wr(ITS(GITS_BASER), VALID | (GUEST_RAM_BASE + DEVICES) | size << 8);
        wr32(ITS(GITS_CTLR), 1);
        uint64_t before = errors();
        map_device(entries - 1 < 0xfff ? entries - 1 : 0xfff, EVENTS(0), 5);
        assert_int_equal(errors(), before);
        map_device(entries < 0x1000 ? entries : 0x1000, EVENTS(0), 5);
        assert_int_equal(errors(), before + 1);
    }
}

static void guest_spoils_its_tables(void **state)
{
    (void)state;
    static const uint64_t entries[] = {
        VALID | 1ull << 32,                                                /* INTID 0 */
        VALID | 1ull << 32 | (GIC_FIRST_LPI - 1),                          /* not an LPI */
        VALID | 1ull << 32 | (GIC_FIRST_LPI + GIC_LPIS),                   /* too large */
        VALID | (uint64_t)GIC_ITS_COLLECTIONS << 32 | (GIC_FIRST_LPI + 1), /* no such collection */
        VALID | 0xffffull << 32 | (GIC_FIRST_LPI + 1),
        1ull << 32 | (GIC_FIRST_LPI + 1), /* not valid */
    };
    for (uint32_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        memcpy(&machine.ram[EVENTS(0) + 8], &entries[i], 8);
        machine_msi(&machine, 8, 1);
        assert_int_equal(errors(), i + 1);
        assert_int_equal(machine_take(&machine, 1), NOTHING);
    }
    /* Whatever it writes into the tables, only its own interrupts suffer. */
    uint64_t random = 12345;
    for (uint32_t round = 0; round < 2000; round++) {
        for (uint32_t i = 0; i < 8; i++) {
            random = random * 6364136223846793005ull + 1442695040888963407ull;
            uint32_t at = (random >> 40 & 1) != 0 ? DEVICES + 8 * 8 : EVENTS(0) + 8 * ((uint32_t)(random >> 50) & 31);
            uint64_t entry = random ^ random << 31;
            memcpy(&machine.ram[at & ~7u], &entry, 8);
        }
        machine_msi(&machine, 8, round & 31);
        command(INT + (round % 13), 8, round & 31, GIC_FIRST_LPI, 0, 0);
        for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++) {
            machine_take(&machine, vcpu);
        }
    }
}

static void queue_wraps(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3 * QUEUE_SIZE / 32 + 7; i++) {
        command(INT, 8, i & 31, 0, 0, 0);
        assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + (i & 31));
    }
    assert_int_equal(errors(), 0);
}

static void queue_out_of_range(void **state)
{
    (void)state;
    uint64_t at = rd(ITS(GITS_CWRITER));
    uint64_t before = errors();
    wr(ITS(GITS_CWRITER), QUEUE_SIZE);
    wr(ITS(GITS_CWRITER), 0xfffe0);
    wr(ITS(GITS_CWRITER), UINT64_MAX);
    assert_true(rd(ITS(GITS_CWRITER)) == at);
    assert_true(rd(ITS(GITS_CREADR)) == at);
    assert_int_equal(errors(), before + 3);
    wr32(ITS(GITS_CTLR), 0);
    wr(ITS(GITS_CBASER), (GUEST_RAM_BASE + QUEUE) | 15); /* not valid */
    wr32(ITS(GITS_CTLR), 1);
    wr(ITS(GITS_CWRITER), 0x40);
    assert_int_equal(rd(ITS(GITS_CREADR)), 0);
    assert_int_equal(rd(ITS(GITS_CWRITER)), 0);
}

static void queue_that_is_not_ram_stalls(void **state)
{
    (void)state;
    static const uint64_t places[] = {0, OUTSIDE_RAM, 0x000ffffffffff000};
    for (uint32_t i = 0; i < 3; i++) {
        wr32(ITS(GITS_CTLR), 0);
        wr(ITS(GITS_CBASER), VALID | places[i] | 0xff);
        wr32(ITS(GITS_CTLR), 1);
        uint64_t before = errors();
        wr(ITS(GITS_CWRITER), 0x40);
        assert_true(rd(ITS(GITS_CREADR)) == STALLED);
        assert_int_equal(errors(), before + 1);
        wr(ITS(GITS_CWRITER), 0x60);
        assert_true(rd(ITS(GITS_CREADR)) == STALLED);
        wr(ITS(GITS_CWRITER), 0x60 | 1); /* retry */
        assert_true(rd(ITS(GITS_CREADR)) == STALLED);
        assert_int_equal(errors(), before + 2);
    }
    /* A queue half of which is RAM: as far as it goes. */
    wr32(ITS(GITS_CTLR), 0);
    wr(ITS(GITS_CBASER), VALID | (OUTSIDE_RAM - 0x1000) | 1);
    wr32(ITS(GITS_CTLR), 1);
    wr(ITS(GITS_CWRITER), 0x1fe0);
    for (uint32_t i = 0; i < 10; i++) {
        rd(ITS(GITS_CREADR));
    }
    assert_true(rd(ITS(GITS_CREADR)) == (0x1000 | STALLED));
}

/* As many commands as fit, each as slow as can be: bounded pieces, and the guest comes to an end. */
static void long_queue_is_done_in_pieces(void **state)
{
    (void)state;
    wr32(ITS(GITS_CTLR), 0);
    memset(&machine.ram[0x100000], INVALL, 0x100000);
    for (uint32_t i = 0; i < 0x100000; i += 32) {
        memset(&machine.ram[0x100000 + i], 0, 32);
        machine.ram[0x100000 + i] = INVALL;
    }
    wr(ITS(GITS_CBASER), VALID | (GUEST_RAM_BASE + 0x100000) | 0xff);
    wr32(ITS(GITS_CTLR), 1);
    machine.current = 0;
    assert_true(bus_write(&machine.bus, ITS(GITS_CWRITER), 8, 0xfffe0));
    uint64_t done = machine.gic.its.command_read / 32;
    assert_true(done > 0 && done < 1000);
    assert_int_equal(machine.gic.vcpus[0].attention, 1);
    gic_enter(&machine.gic, 0);
    machine.current = GIC_NO_VCPU;
    assert_true(machine.gic.its.command_read / 32 > done);
    uint32_t entries = 0;
    for (; machine.gic.its.command_read != 0xfffe0; entries++) {
        assert_true(entries < 1000);
        machine_exit(&machine, 0);
    }
    assert_true(entries > 10);
    machine_exit(&machine, 0);
    assert_int_equal(machine.gic.vcpus[0].attention, 0);
}

static void its_off(void **state)
{
    (void)state;
    wr32(ITS(GITS_CTLR), 0);
    machine_msi(&machine, 8, 0);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    uint64_t at = rd(ITS(GITS_CWRITER));
    wr(ITS(GITS_CWRITER), at + 32);
    assert_true(rd(ITS(GITS_CREADR)) == at);
    wr32(ITS(GITS_CTLR), 1); /* it goes on */
    assert_true(rd(ITS(GITS_CREADR)) == at + 32);
    irq_send_msi(&machine.router, 8, ITS(0x10044), 0); /* another address */
    irq_send_msi(&machine.router, 8, 0xfee00000, 0);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
}

static void reset(void **state)
{
    (void)state;
    machine_msi(&machine, 8, 1);
    machine_acknowledge(&machine, 1);
    machine_msi(&machine, 8, 2);
    for (uint32_t i = 0; i < VCPUS; i++) {
        machine_sleep(&machine, i);
        machine.cpus[i].depth = 0;
    }
    gic_reset(&machine.gic);
    for (uint32_t i = 0; i < VCPUS; i++) {
        machine_exit(&machine, i);
        assert_int_equal(machine_take(&machine, i), NOTHING);
    }
    assert_int_equal(rd(ITS(GITS_CBASER)), 0);
    tables();
    machine_msi(&machine, 8, 2); /* its collection is not mapped */
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    map_collection(1, 1);
    machine_msi(&machine, 8, 2);
    assert_int_equal(machine_take(&machine, 1), GIC_FIRST_LPI + 2);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers),
        cmocka_unit_test_setup(move_clear_discard, setup_device),
        cmocka_unit_test_setup(commands_meet_lists_of_running_vcpus, setup_device),
        cmocka_unit_test_setup(collections, setup_device),
        cmocka_unit_test_setup(mapi_and_events_of_16_bits, setup_device),
        cmocka_unit_test_setup(wrong_commands_change_nothing, setup_device),
        cmocka_unit_test_setup(tables_that_are_not_ram, setup_device),
        cmocka_unit_test_setup(guest_spoils_its_tables, setup_device),
        cmocka_unit_test_setup(queue_wraps, setup_device),
        cmocka_unit_test_setup(queue_out_of_range, setup_device),
        cmocka_unit_test_setup(queue_that_is_not_ram_stalls, setup_device),
        cmocka_unit_test_setup(long_queue_is_done_in_pieces, setup_device),
        cmocka_unit_test_setup(its_off, setup_device),
        cmocka_unit_test_setup(reset, setup_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
