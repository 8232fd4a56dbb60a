/* SPDX-License-Identifier: BSD-2-Clause */
/* Device trees that are none, damaged or senseless. */
#include "tree_maker.h"

static void use(void)
{
    memset(&source, 0, sizeof(source));
    memset(&hardware, 0, sizeof(hardware));
    (void)device_tree_boot_source(&tree, &source, &error);
    device_tree_console(&tree, &hardware);
    device_tree_hardware(&tree, 0, &hardware);
    assert_true(hardware.cpu_count <= HARDWARE_MAX_CPUS);
}

static void expect_refused(uint32_t size, const char *part)
{
    assert_int_equal(device_tree_open(tree_bytes, size, &tree, &error), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

static void test_wrong_headers(void **state)
{
    (void)state;
    uint32_t size = make_tree(add_gic_v2);
    assert_int_equal(device_tree_size(tree_bytes), size);
    expect_refused(size - 1, "wrong size");
    expect_refused(39, "wrong size");
    expect_refused(DEVICE_TREE_MAX_SIZE + 1, "wrong size");
    fdt_set_version(tree_bytes, 15);
    expect_refused(size, "");
    fdt_set_version(tree_bytes, 17);
    fdt_set_magic(tree_bytes, 0);
    expect_refused(size, "");
    assert_int_equal(device_tree_size(tree_bytes), 0);
}

static void test_deep_nesting(void **state)
{
    (void)state;
    start_tree();
    for (uint32_t i = 1; i < DEVICE_TREE_MAX_DEPTH + 1; i++) {
        begin("n");
    }
    for (uint32_t i = 1; i < DEVICE_TREE_MAX_DEPTH + 1; i++) {
        end();
    }
    expect_refused(finish_tree(), "nested too deeply");
}

/* Every word of the tree takes the place of tags, offsets and lengths: nothing beyond the tree is read. */
static void test_damaged(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 2, 3, 4, 9, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    uint32_t size = make_tree(add_gic_v2);
    uint32_t opened = 0;
    for (uint32_t offset = 4; offset + 4 <= size; offset += 4) {
        uint8_t *word = (uint8_t *)tree_bytes + offset;
        uint8_t old[4];
        memcpy(old, word, 4);
        for (uint32_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            uint32_t value = cpu_to_fdt32(values[i]);
            memcpy(word, &value, 4);
            if (device_tree_open(tree_bytes, size, &tree, &error) != 0) {
                opened++;
                use();
            }
        }
        memcpy(word, old, 4);
    }
    assert_true(opened > 1000);
}

static void test_wrong_values(void **state)
{
    (void)state;
    start_tree();
    begin("chosen");
    CELLS("linux,initrd-start", 0x50001000);
    CELLS("linux,initrd-end", 0x50000000);
    text("stdout-path", "/nowhere");
    end();
    begin("memory@40000000");
    text("device_type", "memory");
    CELLS("reg", 0xffffffff, 0xfffff000, 0, 0x2000, 0, 0x40000000, 0, 0x1000);
    end();
    node("gic", "arm,gic-v3");
    CELLS("phandle", GIC);
    CELLS("#interrupt-cells", 1);
    CELLS("reg", 0);
    end();
    node("timer", "arm,armv8-timer");
    CELLS("interrupts", 1, 13, 4);
    end();
    node("psci", "arm,psci-0.2");
    text("method", "call");
    end();
    node("pcie", "pci-host-ecam-generic");
    CELLS("reg", 0, 0x40000000, 0, 0x100000);
    CELLS("bus-range", 0, 255);
    end();
    node("soc", "simple-bus");
    CELLS("#address-cells", 100);
    CELLS("#size-cells", 1);
    node("serial", "arm,pl011");
    CELLS("reg", 1, 2, 3, 4, 5, 6);
    end();
    end();
    open_tree(finish_tree());
    assert_int_equal(device_tree_boot_source(&tree, &source, &error), 0); /* the first range wraps: there is no other */
    device_tree_console(&tree, &hardware);
    device_tree_hardware(&tree, 0, &hardware);
    assert_int_equal(source.module_count, 0);
    assert_int_equal(hardware.arch.uart.address, 0);
    assert_int_equal(hardware.arch.gic_version, 0);
    assert_int_equal(hardware.arch.virtual_timer.intid, 0);
    assert_int_equal(hardware.arch.psci_conduit, HARDWARE_PSCI_NONE);
    assert_int_equal(hardware.ecam_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_wrong_headers),
        TEST(test_deep_nesting),
        TEST(test_damaged),
        TEST(test_wrong_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
