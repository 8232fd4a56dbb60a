/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device tree tells of the machine, by Linux's bindings. */
#include <loader_arch/device_tree.h>

#include <libfdt.h>

#include <base/memory.h>
#include <loader_arch/cpu.h>

#define TPM_START_FIFO  6u /* as ACPI's TPM2 table tells it */
#define STDOUT_PATH_MAX 128u
#define ECAM_BUS_SHIFT  20u
#define SMMU_VERSION    3u

static bool string_is(const struct device_tree *tree, int node, const char *name, const char *wanted)
{
    uint32_t size;
    const uint8_t *bytes = device_tree_property(tree, node, name, &size);
    return size == strlen(wanted) + 1 && memcmp(bytes, wanted, size) == 0;
}

/* --- CPUs --- */

static void read_cpu(const struct device_tree *tree, const struct device_tree_path *path, uint64_t own_mpidr,
                     struct hardware_info *hardware)
{
    uint32_t size;
    int node = path->nodes[path->depth];
    if (!string_is(tree, node, "device_type", "cpu") || !device_tree_enabled(tree, node)) {
        return;
    }
    const uint8_t *reg = device_tree_property(tree, node, "reg", &size);
    if (size != 4 && size != 8) {
        log_warning("device tree: a CPU has no number");
        return;
    }
    uint64_t mpidr =
        size == 4 ? fdt32_ld((const fdt32_t *)(const void *)reg) : fdt64_ld((const fdt64_t *)(const void *)reg);
    /* Another way to start it is of no use, unless it is the one that runs. */
    if (!string_is(tree, node, "enable-method", "psci") && (mpidr & MPIDR_AFFINITY) != own_mpidr) {
        log_warning("device tree: CPU 0x%llx cannot be started by PSCI", (unsigned long long)mpidr);
        return;
    }
    if (hardware->cpu_count == HARDWARE_MAX_CPUS) {
        return;
    }
    hardware->cpus[hardware->cpu_count] =
        (struct hardware_cpu){.mpidr = mpidr & MPIDR_AFFINITY, .acpi_id = hardware->cpu_count};
    hardware->cpu_count++;
}

/* --- Firmware and timers --- */

static void read_psci(const struct device_tree *tree, int node, struct hardware_arch *hardware)
{
    if (string_is(tree, node, "method", "smc")) {
        hardware->psci_conduit = HARDWARE_PSCI_SMC;
    } else if (string_is(tree, node, "method", "hvc")) {
        hardware->psci_conduit = HARDWARE_PSCI_HVC;
    } else {
        log_warning("device tree: PSCI is called by an unknown method");
    }
}

/* Secure and non-secure physical timer, virtual timer, EL2's timer. */
static void read_timers(const struct device_tree *tree, const struct device_tree_path *path,
                        struct hardware_arch *hardware)
{
    (void)device_tree_interrupt(tree, path, 1, &hardware->physical_timer);
    (void)device_tree_interrupt(tree, path, 2, &hardware->virtual_timer);
    (void)device_tree_interrupt(tree, path, 3, &hardware->hyper_timer);
}

/* --- Console --- */

/* The frequency of a device's first clock, if that is fixed. */
static uint32_t clock_frequency(const struct device_tree *tree, int node)
{
    uint32_t size;
    const uint8_t *clocks = device_tree_property(tree, node, "clocks", &size);
    if (size < 4) {
        return 0;
    }
    int clock = fdt_node_offset_by_phandle(tree->blob, fdt32_ld((const fdt32_t *)(const void *)clocks));
    return clock < 0 ? 0 : device_tree_cell(tree, clock, "clock-frequency", 0);
}

static bool use_uart(const struct device_tree *tree, const struct device_tree_path *path,
                     struct hardware_arch *hardware)
{
    int node = path->nodes[path->depth];
    struct hardware_range registers;
    if ((!device_tree_compatible(tree, node, "arm,pl011") && !device_tree_compatible(tree, node, "arm,sbsa-uart")) ||
        !device_tree_enabled(tree, node) || !device_tree_reg(tree, path, 0, &registers) || registers.address == 0) {
        return false;
    }
    hardware->uart = registers;
    hardware->uart_kind = HARDWARE_UART_PL011;
    hardware->uart_clock = clock_frequency(tree, node);
    (void)device_tree_interrupt(tree, path, 0, &hardware->uart_interrupt);
    return true;
}

/* The node that /chosen names: a path or an alias, and perhaps ":" and settings. */
static int stdout_node(const struct device_tree *tree)
{
    static const char *const names[] = {"stdout-path", "linux,stdout-path"};
    int chosen = fdt_path_offset(tree->blob, "/chosen");
    for (uint32_t i = 0; chosen >= 0 && i < 2; i++) {
        uint32_t size;
        const char *path = (const char *)device_tree_property(tree, chosen, names[i], &size);
        uint32_t length = 0;
        while (length < size && path[length] != '\0' && path[length] != ':') {
            length++;
        }
        if (length > 0 && length <= STDOUT_PATH_MAX) {
            return fdt_path_offset_namelen(tree->blob, path, (int)length);
        }
    }
    return -1;
}

void device_tree_console(const struct device_tree *tree, struct hardware_info *hardware)
{
    struct device_tree_path path;
    int node = stdout_node(tree);
    if (node >= 0 && device_tree_path_to(tree, node, &path) && use_uart(tree, &path, &hardware->arch)) {
        return;
    }
    path.depth = UINT32_MAX;
    while (device_tree_next(tree, &path)) {
        if (use_uart(tree, &path, &hardware->arch)) {
            return;
        }
    }
}

/* --- Devices --- */

static void read_pci(const struct device_tree *tree, const struct device_tree_path *path,
                     struct hardware_info *hardware)
{
    int node = path->nodes[path->depth];
    struct hardware_range registers;
    uint32_t size;
    const uint8_t *buses = device_tree_property(tree, node, "bus-range", &size);
    uint32_t first = size == 8 ? fdt32_ld((const fdt32_t *)(const void *)buses) : 0;
    uint32_t last = size == 8 ? fdt32_ld((const fdt32_t *)(const void *)(buses + 4)) : 255;
    uint32_t segment = device_tree_cell(tree, node, "linux,pci-domain", hardware->ecam_count);
    if (!device_tree_reg(tree, path, 0, &registers) || first > last || last > 255 || segment > 0xffff ||
        registers.size < (uint64_t)(last - first + 1) << ECAM_BUS_SHIFT ||
        registers.address % (1u << ECAM_BUS_SHIFT) != 0 || registers.address < (uint64_t)first << ECAM_BUS_SHIFT) {
        log_warning("device tree: a PCI host bridge has a wrong configuration space");
        return;
    }
    if (hardware->ecam_count == HARDWARE_MAX_ECAM) {
        log_warning("more than %u PCI segments", HARDWARE_MAX_ECAM);
        return;
    }
    /* What the node gives is the first bus's, what is handed on bus 0's. */
    hardware->ecams[hardware->ecam_count++] =
        (struct hardware_ecam){.address = registers.address - ((uint64_t)first << ECAM_BUS_SHIFT),
                               .segment = (uint16_t)segment,
                               .first_bus = (uint8_t)first,
                               .last_bus = (uint8_t)last};
}

static uint32_t named_interrupt(const struct device_tree *tree, const struct device_tree_path *path, const char *name)
{
    struct hardware_interrupt interrupt;
    int index = device_tree_string_index(tree, path->nodes[path->depth], "interrupt-names", name);
    return index >= 0 && device_tree_interrupt(tree, path, (uint32_t)index, &interrupt) ? interrupt.intid : 0;
}

static void read_smmu(const struct device_tree *tree, const struct device_tree_path *path,
                      struct hardware_arch *hardware)
{
    struct hardware_range registers;
    if (!device_tree_reg(tree, path, 0, &registers)) {
        return;
    }
    if (hardware->smmu_count == HARDWARE_MAX_SMMUS) {
        log_warning("more than %u SMMUs", HARDWARE_MAX_SMMUS);
        return;
    }
    hardware->smmus[hardware->smmu_count++] =
        (struct hardware_smmu){.registers = registers,
                               .version = SMMU_VERSION,
                               .event_interrupt = named_interrupt(tree, path, "eventq"),
                               .error_interrupt = named_interrupt(tree, path, "gerror"),
                               .command_interrupt = named_interrupt(tree, path, "cmdq-sync")};
}

/* What there is one of: the first counts, right or wrong. */
struct seen {
    bool clock, tpm, timers, psci;
};

static bool first_of(bool *seen, const struct device_tree *tree, int node, const char *compatible)
{
    bool found = !*seen && device_tree_compatible(tree, node, compatible);
    *seen = *seen || found;
    return found;
}

static void read_tpm(const struct device_tree *tree, const struct device_tree_path *path,
                     struct hardware_info *hardware)
{
    struct hardware_range registers;
    if (device_tree_reg(tree, path, 0, &registers)) {
        hardware->tpm_start_method = TPM_START_FIFO;
        hardware->tpm_control_area = registers.address;
    }
}

static void read_device(const struct device_tree *tree, const struct device_tree_path *path, struct seen *seen,
                        struct hardware_info *hardware)
{
    int node = path->nodes[path->depth];
    struct hardware_arch *arch = &hardware->arch;
    if (device_tree_compatible(tree, node, "pci-host-ecam-generic")) {
        read_pci(tree, path, hardware);
    } else if (device_tree_compatible(tree, node, "arm,smmu-v3")) {
        read_smmu(tree, path, arch);
    } else if (first_of(&seen->clock, tree, node, "arm,pl031")) {
        (void)device_tree_reg(tree, path, 0, &arch->rtc);
    } else if (first_of(&seen->tpm, tree, node, "tcg,tpm-tis-mmio")) {
        read_tpm(tree, path, hardware);
    } else if (first_of(&seen->timers, tree, node, "arm,armv8-timer")) {
        read_timers(tree, path, arch);
    } else if (first_of(&seen->psci, tree, node, "arm,psci-1.0") || first_of(&seen->psci, tree, node, "arm,psci-0.2")) {
        read_psci(tree, node, arch);
    } else {
        device_tree_gic(tree, path, hardware);
    }
}

/* Whether read_device() may know the node: most nodes are none of these, and a look at each property takes time. */
static bool of_interest(const struct device_tree *tree, int node)
{
    static const char *const names[] = {
        "pci-host-ecam-generic", "arm,smmu-v3",        "arm,pl031",         "tcg,tpm-tis-mmio",  "arm,armv8-timer",
        "arm,psci-1.0",          "arm,psci-0.2",       "arm,gic-v3",        "arm,gic-v3-its",    "arm,gic-v2m-frame",
        "arm,gic-400",           "arm,cortex-a15-gic", "arm,cortex-a7-gic", "arm,cortex-a9-gic",
    };
    uint32_t size;
    const char *list = (const char *)device_tree_property(tree, node, "compatible", &size);
    for (uint32_t i = 0; size > 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        if (fdt_stringlist_contains(list, (int)size, names[i]) != 0) {
            return device_tree_enabled(tree, node);
        }
    }
    return false;
}

void device_tree_hardware(const struct device_tree *tree, uint64_t own_mpidr, struct hardware_info *hardware)
{
    struct seen seen = {0};
    struct device_tree_path path = {.depth = UINT32_MAX};
    int cpus = fdt_path_offset(tree->blob, "/cpus");
    while (device_tree_next(tree, &path)) {
        int node = path.nodes[path.depth];
        if (path.depth == 2 && cpus >= 0 && path.nodes[1] == cpus) {
            read_cpu(tree, &path, own_mpidr, hardware);
        } else if (of_interest(tree, node)) {
            read_device(tree, &path, &seen, hardware);
        }
    }
    hardware->arch.device_tree = (struct hardware_range){.address = (uintptr_t)tree->blob, .size = tree->size};
}
