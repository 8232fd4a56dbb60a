/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What boot loaders and firmware leave in an AArch64 machine's memory. The first
 * byte says what the rest is: a device tree, or (at 0x1000) ACPI tables.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <loader_arch/device_tree.h>

#include "loader_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tables(const struct window *window, struct hardware_info *hardware)
{
    uint8_t rsdp[36];
    make_rsdp(rsdp, window->size % 2 == 0);
    acpi_read(&window->memory, rsdp, sizeof(rsdp), hardware);
    struct acpi_table table = {.bytes = window->bytes, .length = (uint32_t)window->size};
    acpi_read_madt(table, hardware);
    acpi_read_gtdt(table, &hardware->arch);
    acpi_read_spcr(table, &hardware->arch);
    acpi_read_fadt(table, &hardware->arch);
    acpi_read_iort(table, &hardware->arch);
}

/* Changes it in place; it must still be readable. */
static void take_random(const uint8_t *bytes, uint32_t size, struct hardware_info *hardware)
{
    struct device_tree tree;
    struct device_tree_random random;
    struct loader_error error;
    uint8_t *copy = malloc(size);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, size);
    if (device_tree_open(copy, size, &tree, &error) != 0) {
        device_tree_take_random(&tree, &random);
        if (random.seed_size > sizeof(random.seed) || random.kaslr_size > sizeof(random.kaslr)) {
            abort();
        }
        if (device_tree_open(copy, size, &tree, &error) != 0) {
            device_tree_hardware(&tree, 0, hardware);
        }
    }
    free(copy);
}

static void read_tree(const uint8_t *bytes, uint32_t size, struct hardware_info *hardware)
{
    static struct boot_source source;
    static struct memory_map map;
    struct device_tree tree;
    struct loader_error error;
    memset(&source, 0, sizeof(source));
    if (device_tree_open(bytes, size, &tree, &error) == 0) {
        return;
    }
    (void)device_tree_chosen(&tree, &source);
    memset(&source, 0, sizeof(source));
    if (device_tree_boot_source(&tree, &source, &error) != 0 &&
        memory_map_normalise(&map, source.memory, source.memory_count, &error) != 0) {
        check_order(&map);
    }
    device_tree_console(&tree, hardware);
    device_tree_hardware(&tree, 0, hardware);
    take_random(bytes, size, hardware);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hardware_info hardware;
    if (size < 2) {
        return 0;
    }
    uint8_t choice = data[0];
    uint8_t *copy = malloc(size - 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data + 1, size - 1);
    memset(&hardware, 0, sizeof(hardware));
    if (choice % 2 == 0) {
        read_tree(copy, (uint32_t)(size - 1), &hardware);
    } else {
        struct window window = {.memory = {.at = window_at}, .bytes = copy, .size = size - 1};
        fix_checksums(copy, size - 1);
        read_tables(&window, &hardware);
    }
    if (hardware.cpu_count > HARDWARE_MAX_CPUS || hardware.ecam_count > HARDWARE_MAX_ECAM ||
        hardware.arch.its_count > HARDWARE_MAX_ITS || hardware.arch.smmu_count > HARDWARE_MAX_SMMUS ||
        hardware.arch.redistributor_count > HARDWARE_MAX_GIC_REGIONS) {
        abort();
    }
    free(copy);
    return 0;
}
