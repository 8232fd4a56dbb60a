/* SPDX-License-Identifier: BSD-2-Clause */
/* Generic interrupt controllers in a device tree (Linux's bindings arm,gic and arm,gic-v3). */
#include <loader_arch/device_tree.h>

#include <base/memory.h>

static bool is_gic_v2(const struct device_tree *tree, int node)
{
    return device_tree_compatible(tree, node, "arm,gic-400") ||
           device_tree_compatible(tree, node, "arm,cortex-a15-gic") ||
           device_tree_compatible(tree, node, "arm,cortex-a7-gic") ||
           device_tree_compatible(tree, node, "arm,cortex-a9-gic");
}

/* reg: distributor, CPU interface, virtual interface control, virtual CPU interface. */
static void read_gic_v2(const struct device_tree *tree, const struct device_tree_path *path,
                        struct hardware_arch *hardware)
{
    if (!device_tree_reg(tree, path, 0, &hardware->distributor) || !device_tree_reg(tree, path, 1, &hardware->gicc)) {
        log_warning("device tree: the GIC has no distributor or no CPU interface");
        memset(&hardware->distributor, 0, sizeof(hardware->distributor));
        return;
    }
    hardware->gic_version = 2;
    (void)device_tree_reg(tree, path, 2, &hardware->gich);
    (void)device_tree_reg(tree, path, 3, &hardware->gicv);
    (void)device_tree_interrupt(tree, path, 0, &hardware->maintenance);
}

/* reg: distributor, regions of redistributors, and for old guests what GICv2 has. */
static void read_gic_v3(const struct device_tree *tree, const struct device_tree_path *path,
                        struct hardware_arch *hardware)
{
    uint32_t regions = device_tree_cell(tree, path->nodes[path->depth], "#redistributor-regions", 1);
    if (!device_tree_reg(tree, path, 0, &hardware->distributor)) {
        log_warning("device tree: the GIC has no distributor");
        return;
    }
    if (regions > HARDWARE_MAX_GIC_REGIONS) {
        log_warning("device tree: only the first %u of %u regions of redistributors are used", HARDWARE_MAX_GIC_REGIONS,
                    regions);
        regions = HARDWARE_MAX_GIC_REGIONS;
    }
    for (uint32_t i = 0; i < regions; i++) {
        if (!device_tree_reg(tree, path, 1 + i, &hardware->redistributors[hardware->redistributor_count])) {
            log_warning("device tree: the GIC has fewer regions of redistributors than it says");
            break;
        }
        hardware->redistributor_count++;
    }
    hardware->gic_version = 3;
    (void)device_tree_interrupt(tree, path, 0, &hardware->maintenance);
}

static void read_its(const struct device_tree *tree, const struct device_tree_path *path,
                     struct hardware_arch *hardware)
{
    struct hardware_range registers;
    if (!device_tree_reg(tree, path, 0, &registers)) {
        return;
    }
    if (hardware->its_count == HARDWARE_MAX_ITS) {
        log_warning("more than %u interrupt translation services", HARDWARE_MAX_ITS);
        return;
    }
    hardware->its[hardware->its_count] = (struct hardware_its){.address = registers.address, .id = hardware->its_count};
    hardware->its_count++;
}

/* The SPIs that the node tells, else the frame's register does (gic.c). */
static void read_v2m(const struct device_tree *tree, const struct device_tree_path *path,
                     struct hardware_arch *hardware)
{
    int node = path->nodes[path->depth];
    if (hardware->v2m.address != 0 || !device_tree_reg(tree, path, 0, &hardware->v2m)) {
        return;
    }
    hardware->v2m_first_spi = device_tree_cell(tree, node, "arm,msi-base-spi", 0);
    hardware->v2m_spi_count = device_tree_cell(tree, node, "arm,msi-num-spis", 0);
}

void device_tree_gic(const struct device_tree *tree, const struct device_tree_path *path,
                     struct hardware_info *hardware)
{
    int node = path->nodes[path->depth];
    struct hardware_arch *arch = &hardware->arch;
    if (arch->gic_version == 0 && is_gic_v2(tree, node)) {
        read_gic_v2(tree, path, arch);
    } else if (arch->gic_version == 0 && device_tree_compatible(tree, node, "arm,gic-v3")) {
        read_gic_v3(tree, path, arch);
    } else if (device_tree_compatible(tree, node, "arm,gic-v3-its")) {
        read_its(tree, path, arch);
    } else if (device_tree_compatible(tree, node, "arm,gic-v2m-frame")) {
        read_v2m(tree, path, arch);
    }
}
