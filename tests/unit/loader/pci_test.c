/* SPDX-License-Identifier: BSD-2-Clause */
/* The PCI scan against a small model of configuration space. */
#include "support.h"

#include <loader/pci.h>

#define DEVICES 4

struct model_device {
    uint32_t address;
    uint8_t space[256];
    uint32_t bar_masks[6]; /* writable bits */
    bool moved_while_on;   /* a BAR was written while it decoded */
};

struct model {
    struct pci_access access;
    struct model_device devices[DEVICES];
    unsigned int count;
};

static struct hardware_info hardware;

static struct model_device *find(const struct pci_access *access, uint32_t address)
{
    struct model *model = (struct model *)(uintptr_t)access;
    for (unsigned int i = 0; i < model->count; i++) {
        if (model->devices[i].address == address) {
            return &model->devices[i];
        }
    }
    return NULL;
}

static uint32_t model_read(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width)
{
    assert_true(offset + width <= 256 && offset % width == 0);
    const struct model_device *device = find(access, address);
    uint32_t value = 0xffffffff;
    if (device != NULL) {
        value = 0;
        memcpy(&value, device->space + offset, width);
    }
    return width == 4 ? value : value & ((1u << (8 * width)) - 1);
}

static void model_write(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width,
                        uint32_t value)
{
    struct model_device *device = find(access, address);
    if (device == NULL) {
        fail_msg("a write to a function that is not there");
        return;
    }
    if (offset >= 0x10 && offset < 0x28) {
        uint32_t index = (offset - 0x10) / 4;
        assert_int_equal(width, 4);
        device->moved_while_on |= (device->space[4] & 3) != 0;
        uint32_t fixed = model_read(access, address, offset, 4) & 0xf;
        fixed &= ~device->bar_masks[index];
        value = (value & device->bar_masks[index]) | fixed;
    } else {
        assert_int_equal(offset, 4); /* nothing else is written */
    }
    memcpy(device->space + offset, &value, width);
}

static struct model model = {.access = {.read = model_read, .write = model_write, .last_bus = 1}};

static struct model_device *add_device(uint32_t address, uint32_t identifier, uint32_t class_revision)
{
    struct model_device *device = &model.devices[model.count++];
    memset(device, 0, sizeof(*device));
    device->address = address;
    put_u32(device->space, identifier);
    put_u16(device->space + 4, 0x0107);
    put_u32(device->space + 8, class_revision);
    return device;
}

static int set_up(void **state)
{
    (void)state;
    model.count = 0;
    memset(&hardware, 0, sizeof(hardware));
    forget_warnings();
    return 0;
}

static void set_bar(struct model_device *device, unsigned int index, uint32_t value, uint32_t mask)
{
    put_u32(device->space + 0x10 + 4 * index, value);
    device->bar_masks[index] = mask;
}

static void test_bars(void **state)
{
    (void)state;
    struct model_device *device = add_device(0x0108, 0x100e8086, 0x02000003);
    set_bar(device, 0, 0xfeb80000, 0xfffe0000); /* 128 KiB of memory */
    set_bar(device, 1, 0x0000c001, 0x0000ffc0); /* 64 ports, 16 bits decoded */
    set_bar(device, 2, 0x0000000c, 0xc0000000); /* 64-bit, prefetchable: 1 GiB at 8 GiB */
    set_bar(device, 3, 0x00000002, 0xffffffff);
    set_bar(device, 4, 0x00000000, 0xfffff000); /* not assigned */
    set_bar(device, 5, 0x00000000, 0x00000000); /* not there */
    uint8_t before[256];
    memcpy(before, device->space, sizeof(before));
    pci_scan(&model.access, &hardware);
    assert_int_equal(hardware.pci_count, 1);
    assert_memory_equal(device->space, before, sizeof(before)); /* left as it was */
    assert_false(device->moved_while_on);
    const struct hardware_pci_bar *bars = hardware.pci[0].bars;
    assert_int_equal(bars[0].address, 0xfeb80000);
    assert_int_equal(bars[0].size, 0x20000);
    assert_int_equal(bars[0].flags, 0);
    assert_int_equal(bars[1].address, 0xc000);
    assert_int_equal(bars[1].size, 64);
    assert_int_equal(bars[1].flags, 1);
    assert_int_equal(bars[2].address, 0x200000000ull);
    assert_int_equal(bars[2].size, 0x40000000);
    assert_int_equal(bars[2].flags, 2 | 4);
    assert_int_equal(bars[3].size, 0);
    assert_int_equal(bars[4].size, 0);
    assert_int_equal(bars[5].size, 0);
}

static void test_capabilities(void **state)
{
    (void)state;
    struct model_device *device = add_device(0x0010, 0x10001af4, 0x01000000);
    device->space[6] = 0x10;
    device->space[0x34] = 0x43; /* the low bits are reserved */
    put_u16(device->space + 0x40, 0x6009);
    put_u16(device->space + 0x60, 0x7005);
    put_u16(device->space + 0x70, 0x0011);
    put_u32(device->space + 0x2c, 0x00021af4);
    device->space[0x3c] = 11;
    device->space[0x3d] = 1;
    pci_scan(&model.access, &hardware);
    assert_int_equal(hardware.pci[0].msi_capability, 0x60);
    assert_int_equal(hardware.pci[0].msix_capability, 0x70);
    assert_int_equal(hardware.pci[0].subsystem_id, 2);
    assert_int_equal(hardware.pci[0].interrupt_line, 11);
    assert_int_equal(hardware.pci[0].interrupt_pin, 1);
    /* A list that bites its tail ends all the same. */
    put_u16(device->space + 0x70, 0x4011);
    memset(&hardware, 0, sizeof(hardware));
    pci_scan(&model.access, &hardware);
    assert_int_equal(hardware.pci[0].msi_capability, 0x60);
    put_u16(device->space + 0x40, 0x4009);
    pci_scan(&model.access, &hardware);
    device->space[0x34] = 0x10; /* points into the header */
    pci_scan(&model.access, &hardware);
    assert_int_equal(hardware.pci[2].msi_capability, 0);
}

static void test_functions_and_bridges(void **state)
{
    (void)state;
    struct model_device *bridge = add_device(0x00f8, 0x29188086, 0x06040002);
    bridge->space[0x0e] = 0x81;
    set_bar(bridge, 2, 0x00010100, 0xffffffff); /* bus numbers, not a BAR */
    struct model_device *second = add_device(0x00fa, 0x29228086, 0x01060102);
    set_bar(second, 5, 0xfebff000, 0xfffff000);
    add_device(0x0109, 0x12345678, 0x02000000); /* function 1 without a function 0 */
    pci_scan(&model.access, &hardware);
    assert_int_equal(hardware.pci_count, 2);
    assert_int_equal(hardware.pci[0].header_type, 1);
    for (unsigned int i = 0; i < 6; i++) {
        assert_int_equal(hardware.pci[0].bars[i].size, 0);
    }
    assert_int_equal(hardware.pci[1].address, 0x00fa);
    assert_int_equal(hardware.pci[1].bars[5].size, 0x1000);
}

static uint32_t full_read(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width)
{
    (void)access;
    (void)address;
    (void)offset;
    return width == 1 ? 0x80 : width == 2 ? 0x8080 : 0x80808080;
}

static void full_write(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width,
                       uint32_t value)
{
    (void)access;
    (void)address;
    (void)offset;
    (void)width;
    (void)value;
}

/* A bus that answers everywhere fills the table and no more. */
static void test_too_many(void **state)
{
    (void)state;
    const struct pci_access access = {.read = full_read, .write = full_write, .last_bus = 255};
    pci_scan(&access, &hardware);
    assert_int_equal(hardware.pci_count, HARDWARE_MAX_PCI);
    assert_int_equal(warning_count, 1);
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bars),
        TEST(test_capabilities),
        TEST(test_functions_and_bridges),
        TEST(test_too_many),
    };
    return cmocka_run_group_tests_name("loader_pci", tests, NULL, NULL);
}
