/* SPDX-License-Identifier: BSD-2-Clause */
/* The loader as a UEFI application: collects what boot services alone tell, ends
 * them, and goes on as an Image does. */
#include <loader_arch/uefi.h>

#include <base/memory.h>
#include <loader_arch/acpi.h>
#include <loader_arch/cpu.h>
#include <loader_arch/device_tree.h>

#define EXIT_TRIES 8u

static const struct uefi_guid loaded_image = {
    0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct uefi_guid device_tree_table = {
    0xb1b621d5, 0xf19c, 0x41a5, {0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0}};
static const struct uefi_guid acpi_table = {0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0, 0x80, 0xc7, 0x3c, 0x88, 0x81}};

/* Everything else of the image is this, too: it is what uefi_leave() cleans out of the caches. */
static struct uefi_handoff handoff;

static void *find_table(const struct uefi *uefi, const struct uefi_guid *guid)
{
    for (uint64_t i = 0; i < uefi->system->table_count; i++) {
        if (memcmp(&uefi->system->tables[i].guid, guid, sizeof(*guid)) == 0) {
            return uefi->system->tables[i].table;
        }
    }
    return NULL;
}

/* Whether the firmware's device tree describes the machine; what it says of payload and memory. */
static bool use_device_tree(const struct uefi *uefi, struct boot_source *source)
{
    struct device_tree tree;
    struct loader_error error;
    const void *bytes = find_table(uefi, &device_tree_table);
    if (bytes == NULL || (uintptr_t)bytes % 8 != 0) {
        return false;
    }
    if (!device_tree_open(bytes, device_tree_size(bytes), &tree, &error)) {
        uefi_print(uefi, "loader: warning: %s\n", error.text);
        return false;
    }
    if (!device_tree_chosen(&tree, source)) {
        return false;
    }
    handoff.device_tree = (uintptr_t)bytes;
    source->device_tree = (uintptr_t)bytes;
    return true;
}

/* The copy is what counts: the original may lie in memory that is free later. */
static void use_acpi(const struct uefi *uefi, struct boot_source *source)
{
    const void *rsdp = find_table(uefi, &acpi_table);
    if (rsdp != NULL) {
        memcpy(source->rsdp, rsdp, BOOT_RSDP_SIZE);
        source->rsdp_size = BOOT_RSDP_SIZE;
        source->rsdp_address = (uintptr_t)rsdp;
    }
}

/* Firmware tables lie in memory of any kind. */
static const void *any_memory(const struct physical_memory *memory, uint64_t address, uint64_t size)
{
    (void)memory;
    for (uint32_t i = 0; i < handoff.source.memory_count; i++) {
        const struct memory_range *range = &handoff.source.memory[i];
        if (address >= range->base && size <= range->size && address - range->base <= range->size - size) {
            return (const void *)(uintptr_t)address;
        }
    }
    return NULL;
}

/* ACPI's console, which nothing but this can be said on from now on. */
static void find_console(struct boot_source *source)
{
    static struct hardware_arch found;
    static const struct physical_memory memory = {.at = any_memory};
    if (source->rsdp_size > 0 && acpi_read_console(&memory, source->rsdp, source->rsdp_size, &found)) {
        handoff.uart = found.uart;
    }
}

static void read_clock(const struct uefi *uefi)
{
    struct uefi_time time;
    if (uefi->system->runtime->get_time(&time, NULL) == UEFI_SUCCESS) {
        handoff.wall_clock = uefi_seconds(&time);
        handoff.wall_clock_ticks = read_register(cntpct_el0);
    }
}

/* What lies in memory that boot services give back, and is needed still. */
static bool reserve_device_tree(struct boot_source *source)
{
    struct device_tree tree;
    struct loader_error error;
    const void *bytes = (const void *)(uintptr_t)source->device_tree;
    if (source->device_tree == 0) {
        return true;
    }
    return device_tree_open(bytes, device_tree_size(bytes), &tree, &error) != 0 &&
           device_tree_reserved(&tree, source) &&
           boot_add_memory(source, source->device_tree, tree.size, HARDWARE_MEMORY_RESERVED);
}

/* The map's key is right only if nothing was allocated since; ending boot services may allocate. */
static bool end_boot_services(const struct uefi *uefi, struct boot_source *source)
{
    uint64_t key;
    void *buffer = NULL;
    uint64_t room = uefi_memory_map_room(uefi);
    if (uefi->boot->allocate_pool(UEFI_LOADER_DATA, room, &buffer) != UEFI_SUCCESS) {
        uefi_print(uefi, "loader: error: no memory for the memory map\n");
        return false;
    }
    uefi_status status = uefi_memory_map(uefi, buffer, room, source, &key);
    if (status != UEFI_SUCCESS) {
        uefi_print(uefi, "loader: error: the memory map cannot be read (UEFI status 0x%llx)\n",
                   (unsigned long long)status);
        return false;
    }
    find_console(source);
    for (uint32_t i = 0; i < EXIT_TRIES && status == UEFI_SUCCESS; i++) {
        if (uefi->boot->exit_boot_services(uefi->image, key) == UEFI_SUCCESS) {
            return true;
        }
        status = uefi_memory_map(uefi, buffer, room, source, &key);
    }
    uefi_print(uefi, "loader: error: boot services do not end\n");
    return false;
}

uefi_status uefi_main(uefi_handle image, struct uefi_system_table *system)
{
    struct uefi uefi = {.image = image, .system = system, .boot = system->boot};
    struct boot_source *source = &handoff.source;
    uint64_t level = read_register(CurrentEL) >> 2;
    if (level != 2) {
        uefi_print(&uefi,
                   "loader: error: started at exception level %llu: a hypervisor needs exception level 2 (QEMU: "
                   "-machine virtualization=on)\n",
                   (unsigned long long)level);
        return UEFI_LOAD_ERROR;
    }
    if (uefi.boot->handle_protocol(image, &loaded_image, (void **)&uefi.loaded) != UEFI_SUCCESS) {
        uefi_print(&uefi, "loader: error: the firmware does not tell where the loader came from\n");
        return UEFI_LOAD_ERROR;
    }
    source->protocol = HARDWARE_BOOT_UEFI;
    source->firmware = HARDWARE_FIRMWARE_UEFI;
    uefi_ascii(uefi.loaded->options, uefi.loaded->options == NULL ? 0 : uefi.loaded->options_size / 2,
               source->command_line, sizeof(source->command_line));
    if (!use_device_tree(&uefi, source)) {
        use_acpi(&uefi, source);
    }
    if (source->module_count == 0 && !uefi_load_payload(&uefi, source)) {
        return UEFI_LOAD_ERROR;
    }
    read_clock(&uefi);
    handoff.random_size = uefi_random(&uefi, handoff.random, sizeof(handoff.random));
    if (!end_boot_services(&uefi, source)) {
        return UEFI_LOAD_ERROR;
    }
    if (!reserve_device_tree(source)) {
        source->memory_count = 0; /* the loader's next part says that there is none */
    }
    uefi_leave(&handoff);
}
