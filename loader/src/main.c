/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/main.h>

#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/exceptions.h>
#include <loader_arch/registers.h>
#include <skyscope/types.h>

#define LOW_MEMORY_END 0x100000ull

extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard; /* set in entry.S */

void __stack_chk_fail(void)
{
    loader_fail("stack overrun: a bug in the loader");
}

static const void *reachable_memory(const struct physical_memory *memory, uint64_t address, uint64_t size)
{
    (void)memory;
    return page_tables_reach(address, size) ? (const void *)(uintptr_t)address : NULL;
}

static const struct physical_memory machine_memory = {.at = reachable_memory};

static void read_boot_source(uint32_t magic, uint32_t information, struct boot_source *source)
{
    struct loader_error error;
    int done = 0;
    switch (magic) {
    case BOOT_MAGIC_MULTIBOOT1:
        done = multiboot1_read(&machine_memory, information, source, &error);
        break;
    case BOOT_MAGIC_MULTIBOOT2:
        done = multiboot2_read(&machine_memory, information, source, &error);
        break;
    case BOOT_MAGIC_PVH:
        done = pvh_read(&machine_memory, information, source, &error);
        break;
    default:
        error_set(&error, "started by an unknown boot protocol (magic number 0x%x)", magic);
        break;
    }
    if (!done) {
        loader_fail("%s", error.text);
    }
}

static void reserve(struct free_memory *free, uint64_t base, uint64_t size)
{
    if (!free_memory_remove(free, base, size)) {
        loader_fail("the memory map is too fragmented");
    }
}

/* What may not be overwritten: the BIOS's and started CPUs' first MiB, the loader, the modules. */
static void find_free_memory(const struct boot_source *source, const struct memory_map *map, struct free_memory *free)
{
    free_memory_from_map(free, map);
    reserve(free, 0, LOW_MEMORY_END);
    reserve(free, loader_image_start(), loader_image_end() - loader_image_start());
    for (uint32_t i = 0; i < source->module_count; i++) {
        reserve(free, source->modules[i].address, source->modules[i].size);
    }
}

static void verify_payload(const struct boot_source *source, struct payload *payload, struct hardware_info *hardware)
{
    struct loader_error error;
    if (source->module_count == 0) {
        loader_fail("no payload: give build/systems/NAME/payload.bin as the loader's module (GRUB: module2, QEMU: "
                    "-initrd)");
    }
    if (source->module_count > 1) {
        log_warning("%u modules were loaded: the first is taken as the payload", source->module_count);
    }
    const struct boot_module *module = &source->modules[0];
    if (module->address % PAGE_SIZE_4K != 0 || !page_tables_reach(module->address, module->size)) {
        loader_fail("the payload's address 0x%llx is not a multiple of 4096 in memory",
                    (unsigned long long)module->address);
    }
    uint64_t start = cycle_counter();
    if (!payload_check((const void *)(uintptr_t)module->address, module->size, payload, &error)) {
        loader_fail("%s", error.text);
    }
    hardware->hash_cycles = cycle_counter() - start;
    hardware->payload_address = module->address;
    hardware->payload_size = module->size;
    memcpy(hardware->payload_hash, payload->header->header_hash, sizeof(hardware->payload_hash));
    strlcpy(hardware->system_name, payload->header->system_name, sizeof(hardware->system_name));
    loader_print("loader: payload \"%s\": %u images, %llu KiB, SHA-512 hashes are right\n",
                 payload->header->system_name, payload->header->image_count, (unsigned long long)payload->size >> 10);
}

void loader_main(uint32_t magic, uint32_t information)
{
    static struct boot_source source;
    static struct memory_map map;
    static struct free_memory free;
    static struct payload payload;
    static union {
        struct hardware_info info;
        uint8_t pages[HARDWARE_INFO_REGION_SIZE]; /* may be mapped to PDs as a whole */
    } hardware __attribute__((aligned(4096)));
    struct loader_error error;

    console_start();
    exceptions_start();
    read_boot_source(magic, information, &source);
    console_use_screen(&source);
    loader_print("\nSkyscope loader: checking what to start\n");
    if (!memory_map_normalise(&map, source.memory, source.memory_count, &error)) {
        loader_fail("%s", error.text);
    }
    find_free_memory(&source, &map, &free);
    if (!page_tables_map_memory(&map, &free)) {
        loader_fail("no memory for page tables");
    }
    verify_payload(&source, &payload, &hardware.info);
    hardware_probe(&machine_memory, &source, &map, &hardware.info);
    system_start(&payload, hardware.info.payload_address, &map, &free, &hardware.info);
}
