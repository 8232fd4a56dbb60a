/* SPDX-License-Identifier: BSD-2-Clause */
#include <libfdt.h>
#include <skyscope/guest_aarch64.h>
#include <string.h>
#include <tool/guest_device_tree.h>
#include <tool/system.h>
#include <tool/vm_device.h>

#define TREE_MAX_SIZE 0x10000

/* Nodes that others refer to. */
enum phandle {
    PHANDLE_GIC = 1,
    PHANDLE_CLOCK,
    PHANDLE_GPIO,
    PHANDLE_ITS,
    PHANDLE_V2M,
};

/* Cells of an interrupt (arm,gic.yaml, arm,gic-v3.yaml). */
#define GIC_SPI         0u
#define GIC_PPI         1u
#define LEVEL_HIGH      4u
/* GICv2, private interrupts: a bit per CPU that has it. */
#define GIC_CPU_MASK(n) (((1u << (n)) - 1u) << 8)

#define PPI_SECURE_TIMER 29u
#define PPI_HYPER_TIMER  26u
#define FIRST_PPI        16u

#define CLOCK_FREQUENCY 24000000u /* Hz; what a PL011 gets on Arm's boards */

/* GICv3: this many CPUs have the same Aff1, for an SGI goes to 16 at once. */
#define CLUSTER_GICV3 16u
#define CLUSTER_GICV2 8u

/* A 32-bit phys.hi of PCI: which space an address is in, or the device number (PCI Bus Binding to IEEE 1275 §2.2.1). */
#define PCI_SPACE_IO         0x01000000u
#define PCI_SPACE_MEMORY     0x02000000u
#define PCI_DEVICE(n)        ((n) << 11)
#define PCI_PINS             4u
#define INTERRUPT_MAP_CELLS  10u /* child address 3, pin 1, controller 1, its address 2, interrupt 3 */
#define INTERRUPT_MAP_LENGTH (PCI_PINS * PCI_PINS * INTERRUPT_MAP_CELLS)

#define POWER_LINE 3u
#define KEY_POWER  116u /* linux/input-event-codes.h */

/* Written from start to end; the first error stays. */
struct tree {
    void *data;
    int error;
};

static void note(struct tree *tree, int result)
{
    if (tree->error == 0 && result < 0) {
        tree->error = result;
    }
}

static void begin(struct tree *tree, const char *name)
{
    note(tree, fdt_begin_node(tree->data, name));
}

static void end(struct tree *tree)
{
    note(tree, fdt_end_node(tree->data));
}

static void text(struct tree *tree, const char *name, const char *value)
{
    note(tree, fdt_property(tree->data, name, value, (int)strlen(value) + 1));
}

static void flag(struct tree *tree, const char *name)
{
    note(tree, fdt_property(tree->data, name, NULL, 0));
}

static void cells(struct tree *tree, const char *name, const uint32_t *values, size_t count)
{
    fdt32_t swapped[INTERRUPT_MAP_LENGTH];
    for (size_t i = 0; i < count; i++) {
        swapped[i] = cpu_to_fdt32(values[i]);
    }
    note(tree, fdt_property(tree->data, name, swapped, (int)(count * sizeof(swapped[0]))));
}
#define CELLS(tree, name, ...)                                                                                         \
    cells((tree), (name), (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* Text with further texts in it, each after the NUL of the one before. */
#define TEXTS(tree, name, list) note((tree), fdt_property((tree)->data, (name), (list), (int)sizeof(list)))

/* One range with two cells for the address and two for the size. */
#define RANGE(address, size)                                                                                           \
    (uint32_t)((address) >> 32), (uint32_t)(address), (uint32_t)((size) >> 32), (uint32_t)(size)

/* Affinity fields of a vCPU's MPIDR_EL1, as the VMM sets it. */
static uint32_t affinity(uint32_t vcpu, uint32_t gic_version)
{
    uint32_t cluster = gic_version == 2 ? CLUSTER_GICV2 : CLUSTER_GICV3;
    return vcpu / cluster << 8 | vcpu % cluster;
}

static void add_cpus(struct tree *tree, struct arena *arena, const struct vm_element *vm, uint32_t gic_version,
                     const char *psci_method)
{
    begin(tree, "cpus");
    CELLS(tree, "#address-cells", 1);
    CELLS(tree, "#size-cells", 0);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        uint32_t id = affinity(i, gic_version);
        begin(tree, arena_format(arena, "cpu@%x", id));
        text(tree, "device_type", "cpu");
        text(tree, "compatible", "arm,armv8");
        CELLS(tree, "reg", id);
        text(tree, "enable-method", "psci");
        end(tree);
    }
    end(tree);
    begin(tree, "psci");
    TEXTS(tree, "compatible", "arm,psci-1.0\0arm,psci-0.2");
    text(tree, "method", psci_method);
    end(tree);
}

static void add_timer(struct tree *tree, const struct vm_element *vm, uint32_t gic_version)
{
    uint32_t flags = LEVEL_HIGH | (gic_version == 2 ? GIC_CPU_MASK(vm->vcpu_count) : 0u);
    begin(tree, "timer");
    text(tree, "compatible", "arm,armv8-timer");
    flag(tree, "always-on");
    /* By position: secure, non-secure, virtual, hypervisor's. A guest uses the virtual one. */
    CELLS(tree, "interrupts", GIC_PPI, PPI_SECURE_TIMER - FIRST_PPI, flags, GIC_PPI,
          GUEST_PPI_PHYSICAL_TIMER - FIRST_PPI, flags, GIC_PPI, GUEST_PPI_VIRTUAL_TIMER - FIRST_PPI, flags, GIC_PPI,
          PPI_HYPER_TIMER - FIRST_PPI, flags);
    end(tree);
}

static void add_gicv2(struct tree *tree, struct arena *arena)
{
    begin(tree, arena_format(arena, "interrupt-controller@%llx", GUEST_GICD_BASE));
    text(tree, "compatible", "arm,gic-400");
    flag(tree, "interrupt-controller");
    CELLS(tree, "#interrupt-cells", 3);
    CELLS(tree, "#address-cells", 2);
    CELLS(tree, "#size-cells", 2);
    flag(tree, "ranges");
    CELLS(tree, "reg", RANGE(GUEST_GICD_BASE, GUEST_GICD_SIZE), RANGE(GUEST_GICC_BASE, PLAN_GICV_SIZE));
    CELLS(tree, "phandle", PHANDLE_GIC);
    begin(tree, arena_format(arena, "v2m@%llx", GUEST_V2M_BASE));
    text(tree, "compatible", "arm,gic-v2m-frame");
    flag(tree, "msi-controller");
    CELLS(tree, "reg", RANGE(GUEST_V2M_BASE, GUEST_V2M_SIZE));
    CELLS(tree, "phandle", PHANDLE_V2M);
    end(tree);
    end(tree);
}

static void add_gicv3(struct tree *tree, struct arena *arena, const struct vm_element *vm)
{
    begin(tree, arena_format(arena, "interrupt-controller@%llx", GUEST_GICD_BASE));
    text(tree, "compatible", "arm,gic-v3");
    flag(tree, "interrupt-controller");
    CELLS(tree, "#interrupt-cells", 3);
    CELLS(tree, "#address-cells", 2);
    CELLS(tree, "#size-cells", 2);
    flag(tree, "ranges");
    CELLS(tree, "#redistributor-regions", 1);
    CELLS(tree, "reg", RANGE(GUEST_GICD_BASE, GUEST_GICD_SIZE),
          RANGE(GUEST_GICR_BASE, GUEST_GICR_SIZE_PER_VCPU * vm->vcpu_count));
    CELLS(tree, "phandle", PHANDLE_GIC);
    begin(tree, arena_format(arena, "msi-controller@%llx", GUEST_ITS_BASE));
    text(tree, "compatible", "arm,gic-v3-its");
    flag(tree, "msi-controller");
    CELLS(tree, "#msi-cells", 1);
    CELLS(tree, "reg", RANGE(GUEST_ITS_BASE, GUEST_ITS_SIZE));
    CELLS(tree, "phandle", PHANDLE_ITS);
    end(tree);
    end(tree);
}

/* PrimeCells: each has a clock for its bus; without it Linux never binds them. */
static void begin_primecell(struct tree *tree, const char *name, uint64_t address, uint32_t spi)
{
    begin(tree, name);
    CELLS(tree, "reg", RANGE(address, 0x1000ull));
    CELLS(tree, "interrupts", GIC_SPI, spi, LEVEL_HIGH);
}

static void add_devices(struct tree *tree, struct arena *arena)
{
    begin(tree, "apb-pclk");
    text(tree, "compatible", "fixed-clock");
    CELLS(tree, "#clock-cells", 0);
    CELLS(tree, "clock-frequency", CLOCK_FREQUENCY);
    text(tree, "clock-output-names", "clk24mhz");
    CELLS(tree, "phandle", PHANDLE_CLOCK);
    end(tree);

    begin_primecell(tree, arena_format(arena, "serial@%llx", GUEST_UART_BASE), GUEST_UART_BASE, GUEST_UART_SPI);
    TEXTS(tree, "compatible", "arm,pl011\0arm,primecell");
    CELLS(tree, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
    TEXTS(tree, "clock-names", "uartclk\0apb_pclk");
    end(tree);

    begin_primecell(tree, arena_format(arena, "rtc@%llx", GUEST_RTC_BASE), GUEST_RTC_BASE, GUEST_RTC_SPI);
    TEXTS(tree, "compatible", "arm,pl031\0arm,primecell");
    CELLS(tree, "clocks", PHANDLE_CLOCK);
    text(tree, "clock-names", "apb_pclk");
    end(tree);

    begin_primecell(tree, arena_format(arena, "gpio@%llx", GUEST_POWER_BASE), GUEST_POWER_BASE, GUEST_POWER_SPI);
    TEXTS(tree, "compatible", "arm,pl061\0arm,primecell");
    flag(tree, "gpio-controller");
    CELLS(tree, "#gpio-cells", 2);
    flag(tree, "interrupt-controller");
    CELLS(tree, "#interrupt-cells", 2);
    CELLS(tree, "#address-cells", 0);
    CELLS(tree, "clocks", PHANDLE_CLOCK);
    text(tree, "clock-names", "apb_pclk");
    CELLS(tree, "phandle", PHANDLE_GPIO);
    end(tree);

    begin(tree, "gpio-keys");
    text(tree, "compatible", "gpio-keys");
    begin(tree, "key-power");
    text(tree, "label", "Power button");
    CELLS(tree, "linux,code", KEY_POWER);
    CELLS(tree, "gpios", PHANDLE_GPIO, POWER_LINE, 0);
    end(tree);
    end(tree);
}

/* --- Virtual devices --- */

/* INTA..INTD of four devices in turn, to four SPIs: as the VMM's PCI host wires them. */
static void add_interrupt_map(struct tree *tree)
{
    uint32_t map[INTERRUPT_MAP_LENGTH];
    uint32_t *entry = map;
    for (uint32_t device = 0; device < PCI_PINS; device++) {
        for (uint32_t pin = 1; pin <= PCI_PINS; pin++) {
            const uint32_t values[INTERRUPT_MAP_CELLS] = {
                PCI_DEVICE(device),
                0,
                0,
                pin,
                PHANDLE_GIC,
                0,
                0,
                GIC_SPI,
                GUEST_PCI_SPI + (device + pin - 1) % PCI_PINS,
                LEVEL_HIGH,
            };
            memcpy(entry, values, sizeof(values));
            entry += INTERRUPT_MAP_CELLS;
        }
    }
    cells(tree, "interrupt-map", map, INTERRUPT_MAP_LENGTH);
    CELLS(tree, "interrupt-map-mask", PCI_DEVICE(PCI_PINS - 1), 0, 0, 7);
    CELLS(tree, "#interrupt-cells", 1);
}

static void add_pci(struct tree *tree, struct arena *arena, uint32_t buses, uint32_t gic_version)
{
    begin(tree, arena_format(arena, "pcie@%llx", GUEST_ECAM_BASE));
    text(tree, "compatible", "pci-host-ecam-generic");
    text(tree, "device_type", "pci");
    CELLS(tree, "#address-cells", 3);
    CELLS(tree, "#size-cells", 2);
    CELLS(tree, "reg", RANGE(GUEST_ECAM_BASE, buses * GUEST_ECAM_BUS_SIZE));
    CELLS(tree, "bus-range", 0, buses - 1);
    CELLS(tree, "linux,pci-domain", 0);
    flag(tree, "dma-coherent");
    CELLS(tree, "ranges", PCI_SPACE_IO, 0, 0, RANGE(GUEST_PCI_IO_BASE, GUEST_PCI_IO_SIZE), PCI_SPACE_MEMORY, 0,
          (uint32_t)GUEST_PCI_MEMORY_BASE, RANGE(GUEST_PCI_MEMORY_BASE, GUEST_PCI_MEMORY_SIZE));
    add_interrupt_map(tree);
    if (gic_version == 2) {
        CELLS(tree, "msi-parent", PHANDLE_V2M);
    } else {
        CELLS(tree, "msi-map", 0, PHANDLE_ITS, 0, 0x10000); /* the device's ID is its requester ID */
    }
    end(tree);
}

static void add_virtio_mmio(struct tree *tree, struct arena *arena, uint32_t slot)
{
    uint64_t address = GUEST_VIRTIO_MMIO_BASE + slot * GUEST_VIRTIO_MMIO_SIZE;
    begin(tree, arena_format(arena, "virtio_mmio@%llx", (unsigned long long)address));
    text(tree, "compatible", "virtio,mmio");
    CELLS(tree, "reg", RANGE(address, GUEST_VIRTIO_MMIO_SIZE));
    CELLS(tree, "interrupts", GIC_SPI, GUEST_VIRTIO_MMIO_SPI + slot, LEVEL_HIGH);
    flag(tree, "dma-coherent");
    end(tree);
}

static void add_virtual_devices(struct tree *tree, struct arena *arena, const struct vm_element *vm,
                                uint32_t gic_version)
{
    uint32_t buses = 0;
    LIST_FOR (const struct vm_device, device, &vm->devices) {
        if (device->transport == VM_TRANSPORT_MMIO || device->transport == VM_TRANSPORT_MMIO_LEGACY) {
            add_virtio_mmio(tree, arena, device->slot);
        } else {
            buses = device->hotplug || buses == GUEST_PCI_BUSES ? GUEST_PCI_BUSES : 1; /* behind root ports */
        }
    }
    if (buses != 0) {
        add_pci(tree, arena, buses, gic_version);
    }
}

static void add_all(struct tree *tree, struct arena *arena, const struct vm_element *vm, uint64_t ram_start,
                    uint32_t gic_version, const char *psci_method)
{
    begin(tree, "");
    text(tree, "model", "Skyscope virtual machine");
    /* The second is what Linux's own binding calls a virtual machine that is no particular board. */
    TEXTS(tree, "compatible", "skyscope,virtual-machine\0linux,dummy-virt");
    CELLS(tree, "#address-cells", 2);
    CELLS(tree, "#size-cells", 2);
    CELLS(tree, "interrupt-parent", PHANDLE_GIC);
    begin(tree, "chosen");
    text(tree, "stdout-path", "serial0");
    end(tree);
    begin(tree, "aliases");
    text(tree, "serial0", arena_format(arena, "/serial@%llx", GUEST_UART_BASE));
    end(tree);
    begin(tree, arena_format(arena, "memory@%llx", (unsigned long long)ram_start));
    text(tree, "device_type", "memory");
    CELLS(tree, "reg", RANGE(ram_start, vm->memory));
    end(tree);
    add_cpus(tree, arena, vm, gic_version, psci_method);
    add_timer(tree, vm, gic_version);
    if (gic_version == 2) {
        add_gicv2(tree, arena);
    } else {
        add_gicv3(tree, arena, vm);
    }
    add_devices(tree, arena);
    add_virtual_devices(tree, arena, vm, gic_version);
    end(tree);
}

struct blob *guest_device_tree_make(struct arena *arena, const struct vm_element *vm, uint64_t ram_start,
                                    uint32_t gic_version, const char *psci_method)
{
    struct tree tree = {.data = arena_allocate(arena, TREE_MAX_SIZE)};
    note(&tree, fdt_create(tree.data, TREE_MAX_SIZE));
    note(&tree, fdt_finish_reservemap(tree.data));
    add_all(&tree, arena, vm, ram_start, gic_version, psci_method);
    note(&tree, fdt_finish(tree.data));
    if (tree.error != 0) {
        return NULL;
    }
    struct blob *blob = ARENA_NEW(arena, struct blob);
    *blob = (struct blob){.data = tree.data, .size = fdt_totalsize(tree.data), .generated = true};
    return blob;
}
