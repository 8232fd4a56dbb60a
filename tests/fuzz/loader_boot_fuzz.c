/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What boot loaders and firmware leave in memory: the input is all the memory
 * there is, from 0x1000 on. Its first byte says which parser reads it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <loader_arch/boot_protocols.h>

#include "loader_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tables(const struct window *window)
{
    static struct hardware_info hardware;
    struct acpi_fixed fixed = {0};
    uint8_t rsdp[36];
    make_rsdp(rsdp, window->size % 2 == 0);
    memset(&hardware, 0, sizeof(hardware));
    acpi_read(&window->memory, rsdp, sizeof(rsdp), &hardware, &fixed);
    struct acpi_table table = {.bytes = window->bytes, .length = (uint32_t)window->size};
    acpi_read_madt(table, &hardware);
    acpi_read_mcfg(table, &hardware);
    acpi_read_hpet(table, &hardware);
    acpi_read_fadt(table, &hardware, &fixed);
    acpi_read_s5(table, &hardware);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct boot_source source;
    static struct memory_map map;
    struct loader_error error;
    if (size < 2) {
        return 0;
    }
    uint8_t choice = data[0];
    uint8_t *copy = malloc(size - 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data + 1, size - 1);
    struct window window = {.memory = {.at = window_at}, .bytes = copy, .size = size - 1};
    memset(&source, 0, sizeof(source));
    switch (choice % 4) {
    case 0:
        multiboot1_read(&window.memory, BASE, &source, &error);
        break;
    case 1:
        multiboot2_read(&window.memory, BASE, &source, &error);
        break;
    case 2:
        pvh_read(&window.memory, BASE, &source, &error);
        break;
    default:
        fix_checksums(copy, size - 1);
        read_tables(&window);
        break;
    }
    if (memory_map_normalise(&map, source.memory, source.memory_count, &error) != 0) {
        check_order(&map);
    }
    free(copy);
    return 0;
}
