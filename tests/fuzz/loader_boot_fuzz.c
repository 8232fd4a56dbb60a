/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What boot loaders and firmware leave in memory: the input is all the memory
 * there is, from 0x1000 on. Its first byte says which parser reads it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <loader/memory_map.h>
#include <loader_arch/acpi.h>
#include <loader_arch/boot_protocols.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE 0x1000u

void log_warning(const char *format, ...)
{
    (void)format;
}

struct window {
    struct physical_memory memory;
    const uint8_t *bytes;
    size_t size;
};

static const void *window_at(const struct physical_memory *memory, uint64_t address, uint64_t size)
{
    const struct window *window = (const struct window *)(const void *)memory;
    if (address < BASE || address - BASE > window->size || size > window->size - (address - BASE)) {
        return NULL;
    }
    return window->bytes + (address - BASE);
}

/* Gives tables right checksums where their lengths allow it. */
static void fix_checksums(uint8_t *bytes, size_t size)
{
    for (size_t start = 0; start + 36 <= size; start += 16) {
        uint32_t length = read_u32(bytes + start + 4);
        if (length < 36 || length > size - start) {
            continue;
        }
        uint8_t sum = 0;
        bytes[start + 9] = 0;
        for (uint32_t i = 0; i < length; i++) {
            sum = (uint8_t)(sum + bytes[start + i]);
        }
        bytes[start + 9] = (uint8_t)(0 - sum);
    }
}

static void read_tables(const struct window *window)
{
    static struct hardware_info hardware;
    struct acpi_fixed fixed = {0};
    uint8_t rsdp[36] = "RSD PTR ";
    rsdp[15] = window->size % 2 == 0 ? 2 : 0;
    rsdp[17] = BASE >> 8; /* RSDT */
    rsdp[25] = BASE >> 8; /* XSDT */
    for (int part = 20; part <= 36; part += 16) {
        uint8_t sum = 0;
        for (int i = 0; i < part; i++) {
            sum = (uint8_t)(sum + rsdp[i]);
        }
        rsdp[part == 20 ? 8 : 32] = (uint8_t)(0 - sum);
    }
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
        for (uint32_t i = 0; i + 1 < map.count; i++) {
            if (map.ranges[i].base + map.ranges[i].size > map.ranges[i + 1].base) {
                abort();
            }
        }
    }
    free(copy);
    return 0;
}
