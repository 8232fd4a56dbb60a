/* SPDX-License-Identifier: BSD-2-Clause */
#include "pc.h"

#include <string.h>

#define ECAM 0xe0000000ull

struct toy {
    struct pci_device function;
    uint32_t reads, writes, config_writes, resets;
    uint64_t last_offset;
};

static uint64_t toy_read(void *device, uint64_t offset, uint32_t width)
{
    struct toy *toy = device;
    toy->reads++;
    toy->last_offset = offset;
    return 0x1122334455667788ull >> 8 * (8 - width);
}

static void toy_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct toy *toy = device;
    (void)width;
    (void)value;
    toy->writes++;
    toy->last_offset = offset;
}

static const struct bus_ops toy_bus_ops = {.read = toy_read, .write = toy_write};

static void toy_config_written(void *device, uint32_t offset, uint32_t width)
{
    (void)offset;
    (void)width;
    ((struct toy *)device)->config_writes++;
}

static void toy_reset(void *device)
{
    ((struct toy *)device)->resets++;
}

static const struct pci_device_ops toy_ops = {.config_written = toy_config_written, .reset = toy_reset};

static const struct pci_identity toy_identity = {
    .vendor_id = 0x1af4,
    .device_id = 0x1042,
    .subsystem_vendor_id = 0x1234,
    .subsystem_id = 0x5678,
    .class_code = 0x018000,
    .revision = 1,
    .interrupt_pin = 1,
};

struct fixture {
    struct pc pc;
    struct toy toy;
};

static int setup(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof(fixture));
    pc_create(&fixture.pc);
    struct pci_device *function = &fixture.toy.function;
    pci_device_init(function, "toy", &toy_identity, &toy_ops, &fixture.toy);
    assert_int_equal(pci_device_add_bar(function, 0, PCI_BAR_IO, 32, &toy_bus_ops), 0);
    assert_int_equal(pci_device_add_bar(function, 1, PCI_BAR_MEMORY32, 4096, &toy_bus_ops), 0);
    assert_int_equal(pci_device_add_bar(function, 4, PCI_BAR_MEMORY64, 1ull << 33, &toy_bus_ops), 0);
    assert_int_equal(pci_host_add(&fixture.pc.pci, PCI_DEVFN(3, 0), function), 0);
    *state = &fixture;
    return 0;
}

static uint32_t config(struct pc *pc, uint32_t device, uint32_t offset, uint32_t width)
{
    out(pc, 0xcf8, 4, 0x80000000 | device << 11 | (offset & 0xfc));
    return in(pc, (uint16_t)(0xcfc + (offset & 3)), width);
}

static void set_config(struct pc *pc, uint32_t device, uint32_t offset, uint32_t width, uint32_t value)
{
    out(pc, 0xcf8, 4, 0x80000000 | device << 11 | (offset & 0xfc));
    out(pc, (uint16_t)(0xcfc + (offset & 3)), width, value);
}

static void host_bridge_is_at_0_0_0(void **state)
{
    struct pc *pc = &((struct fixture *)*state)->pc;
    assert_int_equal(config(pc, 0, 0, 4), 0x29c08086);
    assert_int_equal(config(pc, 0, 8, 4), 0x06000000);
    assert_int_equal(config(pc, 0, 0x0e, 1), 0);
    assert_int_equal(config(pc, 0, 2, 2), 0x29c0);
    assert_int_equal(config(pc, 0, 1, 1), 0x80);
    assert_int_equal(config(pc, 0, 0x2c, 4), 0x29c08086);
    set_config(pc, 0, 0, 4, 0);
    set_config(pc, 0, 0x10, 4, 0xffffffff);
    assert_int_equal(config(pc, 0, 0, 4), 0x29c08086);
    assert_int_equal(config(pc, 0, 0x10, 4), 0);
}

static void what_is_not_there_reads_all_ones(void **state)
{
    struct pc *pc = &((struct fixture *)*state)->pc;
    for (uint32_t devfn = 1; devfn < 256; devfn++) {
        if (devfn != PCI_DEVFN(3, 0)) {
            out(pc, 0xcf8, 4, 0x80000000 | devfn << 8);
            assert_int_equal(in(pc, 0xcfc, 4), 0xffffffff);
            assert_int_equal(mmio_read(pc, 0, ECAM + (devfn << 12), 4), 0xffffffff);
            mmio_write(pc, 0, ECAM + (devfn << 12), 4, 0);
            out(pc, 0xcfc, 4, 0);
        }
    }
    out(pc, 0xcf8, 4, 0x80010000); /* bus 1 */
    assert_int_equal(in(pc, 0xcfc, 4), 0xffffffff);
    out(pc, 0xcf8, 4, 0x00000000); /* not enabled */
    assert_int_equal(in(pc, 0xcfc, 2), 0xffff);
}

static void address_register_is_32_bits_wide_only(void **state)
{
    struct pc *pc = &((struct fixture *)*state)->pc;
    out(pc, 0xcf8, 4, 0x80000000);
    assert_int_equal(in(pc, 0xcf8, 2), 0xffff);
    assert_int_equal(in(pc, 0xcfa, 2), 0xffff);
    out(pc, 0xcf8, 4, 0xffffffff);
    assert_int_equal(in(pc, 0xcf8, 4), 0x80fffffc);
    outb(pc, 0xcf8, 0);
    out(pc, 0xcfa, 2, 0);
    assert_int_equal(in(pc, 0xcf8, 4), 0x80fffffc);
    assert_int_equal(in(pc, 0xcf8, 1), 0xff);
    assert_int_equal(in(pc, 0xcfa, 2), 0xffff);
    assert_int_equal(in(pc, 0xcfb, 4), 0xffffffff);
}

static void ecam_shows_the_same_registers(void **state)
{
    struct pc *pc = &((struct fixture *)*state)->pc;
    assert_int_equal(mmio_read(pc, 0, ECAM, 4), 0x29c08086);
    assert_int_equal(mmio_read(pc, 0, ECAM + (3 << 15), 8), 0x000000001042ull << 16 | 0x1af4);
    assert_int_equal(mmio_read(pc, 0, ECAM + (3 << 15) + 0x2e, 2), 0x5678);
    assert_int_equal(mmio_read(pc, 0, ECAM + (3 << 15) + 0x100, 4), 0); /* no extended capability */
    assert_int_equal(mmio_read(pc, 0, ECAM + (3 << 15) + 0xffd, 8), 0);
    mmio_write(pc, 0, ECAM + (3 << 15) + 4, 8, 0xffffffffffffffffull);
    assert_int_equal(config(pc, 3, 4, 2), 0x0407);
    assert_int_equal(config(pc, 3, 8, 4), 0x01800001);
}

static void bar_sizing(void **state)
{
    struct pc *pc = &((struct fixture *)*state)->pc;
    static const uint32_t expected[6] = {0xffffffe1, 0xfffff000, 0, 0, 0x00000004, 0xfffffffe};
    for (uint32_t i = 0; i < 6; i++) {
        set_config(pc, 3, 0x10 + 4 * i, 4, 0xffffffff);
        assert_int_equal(config(pc, 3, 0x10 + 4 * i, 4), expected[i]);
    }
    set_config(pc, 3, 4, 2, 3); /* sizing with decoding on maps nothing at the end of memory */
    assert_false(((struct fixture *)*state)->toy.function.bars[0].mapped);
    assert_false(((struct fixture *)*state)->toy.function.bars[1].mapped);
    assert_false(((struct fixture *)*state)->toy.function.bars[4].mapped);
}

static void bars_decode_where_and_when_told(void **state)
{
    struct fixture *fixture = *state;
    struct pc *pc = &fixture->pc;
    struct toy *toy = &fixture->toy;
    set_config(pc, 3, 0x10, 4, 0xc000);
    set_config(pc, 3, 0x14, 4, 0xc0000000);
    set_config(pc, 3, 0x20, 4, 0);
    set_config(pc, 3, 0x24, 4, 0x80);
    assert_int_equal(in(pc, 0xc004, 4), 0xffffffff);
    set_config(pc, 3, 4, 2, 3);
    assert_int_equal(in(pc, 0xc004, 4), 0x11223344);
    assert_int_equal(toy->last_offset, 4);
    assert_int_equal(mmio_read(pc, 0, 0xc0000ff8, 8), 0x1122334455667788ull);
    assert_int_equal(toy->last_offset, 0xff8);
    mmio_write(pc, 0, 0x8100000000ull, 4, 0);
    assert_int_equal(toy->last_offset, 0x100000000ull);
    set_config(pc, 3, 0x14, 4, 0xd0000000); /* moved while it decodes */
    assert_int_equal(mmio_read(pc, 0, 0xc0000000, 4), 0xffffffff);
    assert_int_equal(mmio_read(pc, 0, 0xd0000010, 4), 0x11223344);
    set_config(pc, 3, 4, 2, 1);
    assert_int_equal(mmio_read(pc, 0, 0xd0000010, 4), 0xffffffff);
    assert_int_equal(in(pc, 0xc000, 1), 0x11);
}

static void bar_over_another_device_does_not_answer(void **state)
{
    struct fixture *fixture = *state;
    struct pc *pc = &fixture->pc;
    uint32_t errors = pc_guest_errors();
    set_config(pc, 3, 0x10, 4, PC_PORT_COM1 & ~31u);
    set_config(pc, 3, 0x14, 4, PC_IOAPIC_BASE);
    set_config(pc, 3, 4, 2, 3);
    assert_int_equal(pc_guest_errors() - errors, 2);
    assert_int_equal(inb(pc, PC_PORT_COM1 + 5), 0x60);
    mmio_write(pc, 0, PC_IOAPIC_BASE, 4, 1);
    assert_int_equal(mmio_read(pc, 0, PC_IOAPIC_BASE + 0x10, 4), 0x00170020);
    set_config(pc, 3, 0x10, 4, 0xc000);
    assert_int_equal(in(pc, 0xc000, 1), 0x11);
    set_config(pc, 3, 0x10, 4, 0xffe0); /* the last ports */
    assert_int_equal(in(pc, 0xffff, 1), 0x11);
    set_config(pc, 3, 0x10, 4, 0x1c000); /* beyond them */
    assert_int_equal(in(pc, 0xc000, 1), 0xff);
    assert_int_equal(fixture->toy.function.bars[0].mapped, false);
}

static void reset_puts_configuration_back(void **state)
{
    struct fixture *fixture = *state;
    struct pc *pc = &fixture->pc;
    set_config(pc, 3, 0x10, 4, 0xc000);
    set_config(pc, 3, 4, 2, 3);
    pci_device_set_interrupt(&fixture->toy.function, true);
    uint32_t ranges = pc->io.count;
    pci_host_reset(&pc->pci);
    assert_int_equal(pc->io.count, ranges - 1);
    assert_int_equal(config(pc, 3, 0x10, 4), 1);
    assert_int_equal(config(pc, 3, 4, 4), 0);
    assert_int_equal(fixture->toy.resets, 1);
    assert_false(pc->lines[19]);
}

static void interrupts_are_swizzled_shared_and_can_be_disabled(void **state)
{
    struct fixture *fixture = *state;
    struct pc *pc = &fixture->pc;
    static struct pci_device other;
    struct pci_identity identity = toy_identity;
    identity.interrupt_pin = 3; /* INTC of device 1 is on the line of INTA of device 3 */
    pci_device_init(&other, "other", &identity, NULL, NULL);
    assert_int_equal(pci_host_add(&pc->pci, PCI_DEVFN(1, 0), &other), 0);
    assert_int_equal(config(pc, 3, 0x3c, 2), 0x010b);
    pci_device_set_interrupt(&fixture->toy.function, true);
    assert_true(pc->lines[19]);
    assert_true(pc->lines[11]);
    assert_int_equal(config(pc, 3, 6, 2) & 8, 8);
    pci_device_set_interrupt(&other, true);
    pci_device_set_interrupt(&fixture->toy.function, false);
    assert_true(pc->lines[19]);
    set_config(pc, 1, 4, 2, 0x400); /* INTx disable */
    assert_false(pc->lines[19]);
    assert_false(pc->lines[11]);
    assert_int_equal(config(pc, 1, 6, 2) & 8, 8);
    set_config(pc, 1, 4, 2, 0);
    assert_true(pc->lines[19]);
    pci_device_set_interrupt(&other, false);
    assert_false(pc->lines[19]);
    assert_int_equal(config(pc, 1, 6, 2), 0);
}

static void capabilities_are_linked(void **state)
{
    struct fixture *fixture = *state;
    struct pci_device *function = &fixture->toy.function;
    struct pc *pc = &fixture->pc;
    assert_int_equal(pci_device_add_capability(function, 0x09, 16), 0x40);
    assert_int_equal(pci_device_add_capability(function, 0x11, 13), 0x50);
    assert_int_equal(pci_device_add_capability(function, 0x05, 2), 0x60);
    assert_int_equal(config(pc, 3, 0x06, 2) & 0x10, 0x10);
    uint8_t seen[3];
    uint32_t count = 0;
    for (uint32_t at = config(pc, 3, 0x34, 1); at != 0; at = config(pc, 3, at + 1, 1)) {
        assert_true(count < 3);
        seen[count++] = (uint8_t)config(pc, 3, at, 1);
    }
    assert_int_equal(count, 3);
    assert_memory_equal(seen, ((const uint8_t[]){0x05, 0x11, 0x09}), 3);
    assert_int_equal(pci_device_add_capability(function, 0x09, 0xff), 0);
    assert_int_equal(pci_device_add_capability(function, 0x09, 1), 0);
    assert_int_equal(pci_device_add_capability(function, 0x09, 0x9c), 0x64); /* exactly the rest */
    assert_int_equal(pci_device_add_capability(function, 0x09, 2), 0);
}

static void write_and_clear_masks(void **state)
{
    struct fixture *fixture = *state;
    struct pci_device *function = &fixture->toy.function;
    struct pc *pc = &fixture->pc;
    function->write_mask[0x48] = 0xf0;
    function->clear_mask[0x49] = 0x0f;
    pci_device_set(function, 0x48, 2, 0xffff);
    uint32_t before = fixture->toy.config_writes;
    set_config(pc, 3, 0x48, 2, 0x0500);
    assert_int_equal(config(pc, 3, 0x48, 2), 0xfa0f);
    assert_int_equal(fixture->toy.config_writes, before + 1);
}

static void impossible_bars_and_places_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static struct pci_device function;
    pci_device_init(&function, "other", &toy_identity, NULL, NULL);
    const struct bus_ops *ops = &toy_bus_ops;
    assert_int_equal(pci_device_add_bar(&function, 6, PCI_BAR_IO, 32, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 5, PCI_BAR_MEMORY64, 4096, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 0, PCI_BAR_NONE, 4096, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 0, PCI_BAR_IO, 2, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 0, PCI_BAR_IO, 48, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 0, PCI_BAR_IO, 512, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 0, PCI_BAR_MEMORY32, 1ull << 32, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 0, PCI_BAR_MEMORY32, 4096, NULL), -1);
    assert_int_equal(pci_device_add_bar(&function, 2, PCI_BAR_MEMORY64, 4096, ops), 0);
    assert_int_equal(pci_device_add_bar(&function, 2, PCI_BAR_MEMORY32, 4096, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 3, PCI_BAR_MEMORY32, 4096, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 1, PCI_BAR_MEMORY64, 4096, ops), -1);
    assert_int_equal(pci_device_add_bar(&function, 1, PCI_BAR_MEMORY32, 4096, ops), 0);
    assert_int_equal(pci_host_add(&fixture->pc.pci, PCI_DEVFN(3, 0), &function), -1);
    assert_int_equal(pci_host_add(&fixture->pc.pci, PCI_DEVFN(0, 0), &function), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(host_bridge_is_at_0_0_0, setup),
        cmocka_unit_test_setup(what_is_not_there_reads_all_ones, setup),
        cmocka_unit_test_setup(address_register_is_32_bits_wide_only, setup),
        cmocka_unit_test_setup(ecam_shows_the_same_registers, setup),
        cmocka_unit_test_setup(bar_sizing, setup),
        cmocka_unit_test_setup(bars_decode_where_and_when_told, setup),
        cmocka_unit_test_setup(bar_over_another_device_does_not_answer, setup),
        cmocka_unit_test_setup(reset_puts_configuration_back, setup),
        cmocka_unit_test_setup(interrupts_are_swizzled_shared_and_can_be_disabled, setup),
        cmocka_unit_test_setup(capabilities_are_linked, setup),
        cmocka_unit_test_setup(write_and_clear_masks, setup),
        cmocka_unit_test_setup(impossible_bars_and_places_are_refused, setup),
    };
    return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
