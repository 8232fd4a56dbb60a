/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree_maker.h"

#define TREE_SIZE 0x10000

void *tree_bytes;
struct device_tree tree;
struct boot_source source;
struct hardware_info hardware;
struct loader_error error;

int tree_set_up(void **state)
{
    (void)state;
    tree_bytes = calloc(1, TREE_SIZE);
    assert_non_null(tree_bytes);
    memset(&source, 0, sizeof(source));
    memset(&hardware, 0, sizeof(hardware));
    forget_warnings();
    return 0;
}

int tree_tear_down(void **state)
{
    (void)state;
    free(tree_bytes);
    return 0;
}

/* --- Nodes and properties --- */

void begin(const char *name)
{
    assert_int_equal(fdt_begin_node(tree_bytes, name), 0);
}

void end(void)
{
    assert_int_equal(fdt_end_node(tree_bytes), 0);
}

void cells(const char *name, uint32_t count, const uint32_t *values)
{
    uint32_t big_endian[40];
    assert_true(count <= 40);
    for (uint32_t i = 0; i < count; i++) {
        big_endian[i] = cpu_to_fdt32(values[i]);
    }
    assert_int_equal(fdt_property(tree_bytes, name, big_endian, (int)(4 * count)), 0);
}

void text(const char *name, const char *value)
{
    assert_int_equal(fdt_property(tree_bytes, name, value, (int)strlen(value) + 1), 0);
}

void node(const char *name, const char *compatible)
{
    begin(name);
    text("compatible", compatible);
}

void start_tree(void)
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

/* --- A machine --- */

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

void add_gic_v2(void)
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

void add_gic_v3(void)
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

uint32_t finish_tree(void)
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

uint32_t make_tree(void (*add_gic)(void))
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

void open_tree(uint32_t size)
{
    if (device_tree_open(tree_bytes, size, &tree, &error) == 0) {
        fail_msg("%s", error.text);
    }
}
