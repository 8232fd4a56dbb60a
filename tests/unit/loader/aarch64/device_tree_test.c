/* SPDX-License-Identifier: BSD-2-Clause */
/* Device trees: right ones made here, and hostile ones. */
#include "../support.h"

#include <libfdt.h>
#include <loader/boot_source.h>
#include <loader_arch/device_tree.h>

#define TREE_SIZE 0x10000

/* What libfdt would read beyond the tree, the address sanitizer sees. */
static void *tree_bytes;
static struct device_tree tree;
static struct boot_source source;
static struct hardware_info hardware;
static struct loader_error error;

enum { GIC = 1, CLOCK = 2, OTHER = 3 };

static int set_up(void **state)
{
    (void)state;
    tree_bytes = calloc(1, TREE_SIZE);
    assert_non_null(tree_bytes);
    memset(&source, 0, sizeof(source));
    memset(&hardware, 0, sizeof(hardware));
    forget_warnings();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(tree_bytes);
    return 0;
}

/* --- Making trees --- */

static void begin(const char *name)
{
    assert_int_equal(fdt_begin_node(tree_bytes, name), 0);
}

static void end(void)
{
    assert_int_equal(fdt_end_node(tree_bytes), 0);
}

static void cells(const char *name, uint32_t count, const uint32_t *values)
{
    uint32_t big_endian[40];
    assert_true(count <= 40);
    for (uint32_t i = 0; i < count; i++) {
        big_endian[i] = cpu_to_fdt32(values[i]);
    }
    assert_int_equal(fdt_property(tree_bytes, name, big_endian, (int)(4 * count)), 0);
}
#define CELLS(name, ...)                                                                                               \
    cells(name, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (const uint32_t[]){__VA_ARGS__})

static void text(const char *name, const char *value)
{
    assert_int_equal(fdt_property(tree_bytes, name, value, (int)strlen(value) + 1), 0);
}

static void node(const char *name, const char *compatible)
{
    begin(name);
    text("compatible", compatible);
}

static void start_tree(void)
{
    assert_int_equal(fdt_create(tree_bytes, TREE_SIZE), 0);
    assert_int_equal(fdt_add_reservemap_entry(tree_bytes, 0x48000000, 0x3000), 0); /* the RAM disk, as U-Boot does */
    assert_int_equal(fdt_add_reservemap_entry(tree_bytes, 0x40000000, 0x10000), 0);
    assert_int_equal(fdt_finish_reservemap(tree_bytes), 0);
    begin("");
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    CELLS("interrupt-parent", GIC);
}

static void add_memory(void)
{
    begin("chosen");
    text("bootargs", "quiet\tx=1");
    CELLS("linux,initrd-start", 0x48000000);
    CELLS("linux,initrd-end", 0, 0x48002345);
    text("stdout-path", "serial1:115200n8");
    end();
    begin("memory@40000000");
    text("device_type", "memory");
    CELLS("reg", 0, 0x40000000, 0, 0x40000000, 1, 0, 0, 0x80000000);
    end();
    begin("memory@0"); /* another world's */
    text("device_type", "memory");
    text("status", "disabled");
    CELLS("reg", 0, 0, 0, 0x1000);
    end();
    begin("reserved-memory");
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    assert_int_equal(fdt_property(tree_bytes, "ranges", "", 0), 0);
    begin("firmware@7f000000");
    CELLS("reg", 0, 0x7f000000, 0, 0x100000);
    end();
    begin("pool"); /* has no address */
    CELLS("size", 0, 0x100000);
    end();
    end();
}

static void add_cpu(uint32_t number, const char *method, const char *status)
{
    char name[16];
    snprintf(name, sizeof(name), "cpu@%x", number);
    begin(name);
    text("device_type", "cpu");
    CELLS("reg", number);
    if (method != NULL) {
        text("enable-method", method);
    }
    if (status != NULL) {
        text("status", status);
    }
    end();
}

static void add_cpus(void)
{
    begin("cpus");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 0);
    begin("cpu-map");
    end();
    add_cpu(0, NULL, NULL); /* the one that runs */
    add_cpu(1, "psci", NULL);
    add_cpu(0x100, "psci", "okay");
    add_cpu(0x101, "psci", "fail");
    add_cpu(0x200, "spin-table", NULL);
    end();
    node("psci", "arm,psci-1.0");
    text("method", "smc");
    end();
    node("timer", "arm,armv8-timer");
    CELLS("interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 1, 1, 10, 4);
    end();
}

/* Below a bus with other addresses: 0x0.. is 0x1_0000_0000 .. + 0x1000_0000. */
static void begin_bus(void)
{
    node("soc", "simple-bus");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    CELLS("ranges", 0x20000000, 0, 0x8000000, 0x1000, 0, 1, 0, 0x10000000);
}

static void add_gic_v2(void)
{
    node("interrupt-controller@1000", "arm,gic-400");
    CELLS("phandle", GIC);
    CELLS("#interrupt-cells", 3);
    assert_int_equal(fdt_property(tree_bytes, "interrupt-controller", "", 0), 0);
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    assert_int_equal(fdt_property(tree_bytes, "ranges", "", 0), 0);
    CELLS("reg", 0x1000, 0x1000, 0x2000, 0x2000, 0x4000, 0x2000, 0x6000, 0x2000);
    CELLS("interrupts", 1, 9, 4);
    node("v2m@8000", "arm,gic-v2m-frame");
    CELLS("reg", 0x8000, 0x1000);
    CELLS("arm,msi-base-spi", 80);
    CELLS("arm,msi-num-spis", 64);
    end();
    end();
}

static void add_gic_v3(void)
{
    node("interrupt-controller@10000", "arm,gic-v3");
    CELLS("phandle", GIC);
    CELLS("#interrupt-cells", 4);
    assert_int_equal(fdt_property(tree_bytes, "interrupt-controller", "", 0), 0);
    CELLS("#redistributor-regions", 2);
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    assert_int_equal(fdt_property(tree_bytes, "ranges", "", 0), 0);
    CELLS("reg", 0x10000, 0x10000, 0x100000, 0x80000, 0x200000, 0x40000);
    CELLS("interrupts", 1, 9, 4, 0);
    for (uint32_t i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof(name), "its@%x", 0x300000 + i * 0x20000);
        node(name, "arm,gic-v3-its");
        CELLS("reg", 0x300000 + i * 0x20000, 0x20000);
        end();
    }
    end();
}

static void add_devices(void)
{
    node("serial@a000", "arm,pl011");
    CELLS("reg", 0xa000, 0x1000);
    CELLS("interrupts", 0, 5, 4);
    CELLS("clocks", OTHER);
    end();
    node("serial@b000", "arm,pl011");
    CELLS("reg", 0xb000, 0x1000);
    CELLS("interrupts", 0, 6, 1);
    CELLS("clocks", CLOCK, OTHER);
    end();
    node("rtc@c000", "arm,pl031");
    CELLS("reg", 0xc000, 0x1000);
    end();
    node("tpm@d000", "tcg,tpm-tis-mmio");
    CELLS("reg", 0xd000, 0x5000);
    end();
    node("smmu@20000", "arm,smmu-v3");
    CELLS("reg", 0x20000, 0x20000);
    CELLS("interrupts", 0, 74, 1, 0, 75, 1, 0, 76, 1, 0, 77, 1);
    assert_int_equal(fdt_property(tree_bytes, "interrupt-names", "eventq\0priq\0cmdq-sync\0gerror", 29), 0);
    end();
    node("off@e000", "arm,smmu-v3");
    text("status", "disabled");
    CELLS("reg", 0xe000, 0x1000);
    end();
}

static void add_pci(void)
{
    node("pcie@10000000", "pci-host-ecam-generic");
    text("device_type", "pci");
    CELLS("#address-cells", 3);
    CELLS("#size-cells", 2);
    CELLS("reg", 0x40, 0x10000000, 0, 0x1000000);
    CELLS("bus-range", 16, 31);
    CELLS("linux,pci-domain", 3);
    CELLS("ranges", 0x2000000, 0, 0x10000000, 0, 0x10000000, 0, 0x2eff0000);
    end();
    node("fixed-clock", "fixed-clock");
    CELLS("phandle", CLOCK);
    CELLS("clock-frequency", 24000000);
    end();
    begin("aliases");
    text("serial0", "/soc/serial@a000");
    text("serial1", "/soc/serial@b000");
    end();
}

static uint32_t finish_tree(void)
{
    end();
    assert_int_equal(fdt_finish(tree_bytes), 0);
    uint32_t size = fdt_totalsize(tree_bytes);
    void *exact = malloc(size);
    assert_non_null(exact);
    memcpy(exact, tree_bytes, size);
    free(tree_bytes);
    tree_bytes = exact;
    return size;
}

static uint32_t make_tree(void (*add_gic)(void))
{
    start_tree();
    add_memory();
    add_cpus();
    begin_bus();
    add_gic();
    if (add_gic == add_gic_v2) {
        add_devices();
    }
    end();
    add_pci();
    return finish_tree();
}

static void open_tree(uint32_t size)
{
    if (device_tree_open(tree_bytes, size, &tree, &error) == 0) {
        fail_msg("%s", error.text);
    }
}

/* --- Right ones --- */

static void expect_range(uint32_t index, uint64_t base, uint64_t size, uint32_t kind)
{
    assert_true(index < source.memory_count);
    assert_int_equal(source.memory[index].base, base);
    assert_int_equal(source.memory[index].size, size);
    assert_int_equal(source.memory[index].kind, kind);
}

static void test_boot_source(void **state)
{
    (void)state;
    open_tree(make_tree(add_gic_v2));
    assert_int_equal(device_tree_boot_source(&tree, &source, &error), 1);
    assert_int_equal(source.memory_count, 5);
    expect_range(0, 0x40000000, 0x40000000, HARDWARE_MEMORY_USABLE);
    expect_range(1, 0x100000000, 0x80000000, HARDWARE_MEMORY_USABLE);
    expect_range(2, 0x7f000000, 0x100000, HARDWARE_MEMORY_RESERVED);
    expect_range(3, 0x40000000, 0x10000, HARDWARE_MEMORY_RESERVED); /* that of the RAM disk is left out */
    expect_range(4, (uintptr_t)tree_bytes, fdt_totalsize(tree_bytes), HARDWARE_MEMORY_RESERVED);
    assert_int_equal(source.module_count, 1);
    assert_int_equal(source.modules[0].address, 0x48000000);
    assert_int_equal(source.modules[0].size, 0x2345);
    assert_string_equal(source.command_line, "quiet?x=1");
    assert_int_equal(warning_count, 0);
}

static void expect_interrupt(struct hardware_interrupt interrupt, uint32_t intid, uint32_t edge)
{
    assert_int_equal(interrupt.intid, intid);
    assert_int_equal(interrupt.edge, edge);
}

static void expect_registers(struct hardware_range range, uint64_t address, uint64_t size)
{
    assert_int_equal(range.address, address);
    assert_int_equal(range.size, size);
}

static void test_console(void **state)
{
    (void)state;
    open_tree(make_tree(add_gic_v2));
    device_tree_console(&tree, &hardware);
    expect_registers(hardware.arch.uart, 0x10000b000, 0x1000); /* serial@b000, behind the bus's ranges */
    assert_int_equal(hardware.arch.uart_kind, HARDWARE_UART_PL011);
    assert_int_equal(hardware.arch.uart_clock, 24000000);
    expect_interrupt(hardware.arch.uart_interrupt, 38, 1);
}

static void test_hardware_with_gic_v2(void **state)
{
    (void)state;
    const struct hardware_arch *arch = &hardware.arch;
    open_tree(make_tree(add_gic_v2));
    device_tree_hardware(&tree, 0, &hardware);
    assert_int_equal(hardware.cpu_count, 3);
    assert_int_equal(hardware.cpus[0].mpidr, 0);
    assert_int_equal(hardware.cpus[1].mpidr, 1);
    assert_int_equal(hardware.cpus[2].mpidr, 0x100);
    assert_int_equal(warning_count, 1);
    assert_string_equal(last_warning, "device tree: CPU 0x200 cannot be started by PSCI");
    assert_int_equal(arch->psci_conduit, HARDWARE_PSCI_SMC);
    assert_int_equal(arch->gic_version, 2);
    expect_registers(arch->distributor, 0x100001000, 0x1000);
    expect_registers(arch->gicc, 0x100002000, 0x2000);
    expect_registers(arch->gich, 0x100004000, 0x2000);
    expect_registers(arch->gicv, 0x100006000, 0x2000);
    expect_registers(arch->v2m, 0x100008000, 0x1000);
    assert_int_equal(arch->v2m_first_spi, 80);
    assert_int_equal(arch->v2m_spi_count, 64);
    expect_interrupt(arch->maintenance, 25, 0);
    expect_interrupt(arch->physical_timer, 30, 0);
    expect_interrupt(arch->virtual_timer, 27, 1);
    expect_interrupt(arch->hyper_timer, 26, 0);
    expect_registers(arch->rtc, 0x10000c000, 0x1000);
    assert_int_equal(hardware.tpm_start_method, 6);
    assert_int_equal(hardware.tpm_control_area, 0x10000d000);
    assert_int_equal(arch->smmu_count, 1);
    expect_registers(arch->smmus[0].registers, 0x100020000, 0x20000);
    assert_int_equal(arch->smmus[0].event_interrupt, 106);
    assert_int_equal(arch->smmus[0].error_interrupt, 109);
    assert_int_equal(arch->smmus[0].command_interrupt, 108);
    assert_int_equal(hardware.ecam_count, 1);
    assert_int_equal(hardware.ecams[0].address, 0x400f000000); /* of bus 0 */
    assert_int_equal(hardware.ecams[0].segment, 3);
    assert_int_equal(hardware.ecams[0].first_bus, 16);
    assert_int_equal(hardware.ecams[0].last_bus, 31);
    expect_registers(arch->device_tree, (uintptr_t)tree_bytes, fdt_totalsize(tree_bytes));
}

static void test_hardware_with_gic_v3(void **state)
{
    (void)state;
    const struct hardware_arch *arch = &hardware.arch;
    open_tree(make_tree(add_gic_v3));
    device_tree_hardware(&tree, 0x200, &hardware);
    assert_int_equal(hardware.cpu_count, 3); /* 1, 0x100 and the one that runs */
    assert_int_equal(hardware.cpus[2].mpidr, 0x200);
    assert_int_equal(arch->gic_version, 3);
    expect_registers(arch->distributor, 0x100010000, 0x10000);
    assert_int_equal(arch->redistributor_count, 2);
    expect_registers(arch->redistributors[0], 0x100100000, 0x80000);
    expect_registers(arch->redistributors[1], 0x100200000, 0x40000);
    assert_int_equal(arch->its_count, HARDWARE_MAX_ITS);
    assert_int_equal(arch->its[7].address, 0x1003e0000);
    assert_int_equal(arch->its[7].id, 7);
    expect_interrupt(arch->maintenance, 25, 0);
    assert_int_equal(arch->smmu_count, 0);
}

/* GRUB makes such a tree where there are ACPI tables. */
static void test_chosen_alone(void **state)
{
    (void)state;
    start_tree();
    begin("chosen");
    CELLS("linux,initrd-start", 0x50000000);
    CELLS("linux,initrd-end", 0x50001000);
    end();
    open_tree(finish_tree());
    assert_false(device_tree_chosen(&tree, &source));
    assert_int_equal(source.module_count, 1);
    assert_int_equal(source.modules[0].address, 0x50000000);
    /* Without memory it is none to start from. */
    assert_int_equal(device_tree_boot_source(&tree, &source, &error), 0);
    assert_non_null(strstr(error.text, "no memory"));
}

static void test_random_numbers(void **state)
{
    (void)state;
    static const char seed[] = "0123456789abcdefghijklmnopqrstuv", kaslr[] = "KASLRkaslr";
    struct device_tree_random random;
    start_tree();
    begin("chosen");
    text("bootargs", "before");
    assert_int_equal(fdt_property(tree_bytes, "rng-seed", seed, 32), 0);
    assert_int_equal(fdt_property(tree_bytes, "kaslr-seed", kaslr, 8), 0);
    text("stdout-path", "after");
    end();
    open_tree(finish_tree());
    device_tree_take_random(&tree, &random);
    assert_int_equal(random.seed_size, 32);
    assert_memory_equal(random.seed, seed, 32);
    assert_int_equal(random.kaslr_size, 8);
    assert_memory_equal(random.kaslr, kaslr, 8);
    /* Nothing of them is left, and the rest is as it was. */
    assert_null(memmem(tree_bytes, tree.size, seed, 8));
    assert_null(memmem(tree_bytes, tree.size, kaslr, 8));
    int chosen = fdt_path_offset(tree_bytes, "/chosen");
    assert_null(fdt_getprop(tree_bytes, chosen, "rng-seed", NULL));
    assert_string_equal(fdt_getprop(tree_bytes, chosen, "bootargs", NULL), "before");
    assert_string_equal(fdt_getprop(tree_bytes, chosen, "stdout-path", NULL), "after");
    device_tree_take_random(&tree, &random);
    assert_int_equal(random.seed_size + random.kaslr_size, 0);
}

static void test_random_numbers_of_odd_sizes(void **state)
{
    (void)state;
    static uint8_t much[200];
    struct device_tree_random random;
    memset(much, 'm', sizeof(much));
    start_tree();
    begin("chosen");
    assert_int_equal(fdt_property(tree_bytes, "rng-seed", much, sizeof(much)), 0);
    assert_int_equal(fdt_property(tree_bytes, "kaslr-seed", "", 0), 0);
    end();
    open_tree(finish_tree());
    device_tree_take_random(&tree, &random);
    assert_int_equal(random.seed_size, sizeof(random.seed));
    assert_int_equal(random.kaslr_size, 0);
    assert_null(memmem(tree_bytes, tree.size, "mmmm", 4)); /* what does not fit goes, too */
}

static void test_no_random_numbers(void **state)
{
    (void)state;
    struct device_tree_random random;
    start_tree();
    open_tree(finish_tree());
    device_tree_take_random(&tree, &random);
    assert_int_equal(random.seed_size + random.kaslr_size, 0);
}

/* --- Wrong ones --- */

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
        cmocka_unit_test_setup_teardown(test_boot_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_console, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hardware_with_gic_v2, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hardware_with_gic_v3, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_chosen_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random_numbers_of_odd_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_random_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deep_nesting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_values, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
