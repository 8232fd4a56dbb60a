/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel that only looks whether the loader kept its promises
 * (<skyscope/boot_info.h>), says so on the serial port, and halts.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/format.h>
#include <base/memory.h>
#include <skyscope/boot_info.h>
#include <skyscope/payload.h>
#include <skyscope/program_seed.h>

#include "kernel_arch.h"

void kernel_main(const struct boot_info *boot_info, uint32_t index);
void __stack_chk_fail(void);
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = 0x1234567890abcd00;

static unsigned int failures;
static volatile uint32_t entered[64];
static uint32_t entered_count;
static uint32_t turn; /* of the CPU that checks and prints now */
static uint32_t link_check_data = 0x600dda7a;
static uint32_t link_check_bss;

static void sink(void *context, const char *text, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++) {
        machine_put(text[i]);
    }
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to_sink(sink, NULL, format, arguments);
    va_end(arguments);
    sink(NULL, "\r\n", 2);
}

void __stack_chk_fail(void)
{
    print("test kernel: stack overrun");
    for (;;) {
        machine_pause();
    }
}

void check(bool right, const char *what)
{
    if (!right) {
        failures++;
        print("test kernel: FAILED: %s", what);
    }
}

static void check_pool(const struct boot_info *boot)
{
    volatile uint64_t *first = (volatile uint64_t *)(uintptr_t)boot->pool_physical;
    volatile uint64_t *last = (volatile uint64_t *)(uintptr_t)(boot->pool_physical + boot->pool_size - 8);
    *first = 1;
    *last = 2;
    check(boot->pool_physical % 0x200000 == 0 && *first == 1 && *last == 2, "pool");
}

static bool is_zero(const uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static uint64_t number(const uint8_t *bytes, unsigned int size)
{
    uint64_t value = 0;
    while (size > 0) {
        value = value << 8 | bytes[--size];
    }
    return value;
}

/* Where an image lies in the payload: a walk through the manifest, <crypto/manifest.h>. */
static uint64_t image_offset(const uint8_t *payload, uint32_t index)
{
    const uint8_t *at = payload + sizeof(struct payload_header) + 102; /* the system's name */
    at += 1 + at[0] + 2;
    for (; index > 0; index--) {
        at += 1 + at[0] + 2 + 2 + 8 + 8;
        at += 1 + at[0];
    }
    return number(at + 1 + at[0] + 2 + 2, 8);
}

/* Reports a seed, and then clears it, as a program does. */
static void take_seed(const struct plan_region *region, const struct region_extent *extent)
{
    if ((region->flags & PLAN_REGION_SEED) == 0 || region->seed_offset < extent->region_offset ||
        region->seed_offset - extent->region_offset >= extent->size) {
        return;
    }
    uint64_t address = extent->physical_address + (region->seed_offset - extent->region_offset);
    struct program_seed *seed = (struct program_seed *)(uintptr_t)address;
    char text[2 * PROGRAM_SEED_SIZE + 1];
    for (uint32_t i = 0; i < PROGRAM_SEED_SIZE; i++) {
        text[2 * i] = "0123456789abcdef"[seed->bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[seed->bytes[i] & 15];
    }
    text[2 * PROGRAM_SEED_SIZE] = '\0';
    check(seed->version == PROGRAM_SEED_VERSION && seed->reserved == 0, "program_seed");
    print("test kernel: seed of %s: %u bits, flags %u, %s", region->name, seed->credited, seed->flags, text);
    memset(seed, 0, sizeof(*seed));
}

/* Whether an extent holds what the plan says. */
static bool extent_right(const struct plan_region *region, const struct region_extent *extent, const uint8_t *payload)
{
    const uint8_t *memory = at(extent->physical_address);
    take_seed(region, extent);
    if (region->image == PLAN_NONE) {
        return is_zero(memory, extent->size);
    }
    const uint8_t *source = payload + image_offset(payload, region->image) + region->image_offset;
    for (uint64_t i = 0; i < extent->size; i++) {
        uint64_t offset = extent->region_offset + i;
        bool filled = offset >= region->prefill_offset && offset - region->prefill_offset < region->image_size;
        if (memory[i] != (filled ? source[offset - region->prefill_offset] : 0)) {
            return false;
        }
    }
    return true;
}

/* What was verified stays as it is: nothing but regions in place of an image is put where the payload lies. */
static bool apart_from_payload(const struct hardware_info *hardware, uint64_t address, uint64_t size)
{
    return address + size <= hardware->payload_address || address >= hardware->payload_address + hardware->payload_size;
}

static void check_regions(const struct boot_info *boot, const struct hardware_info *hardware)
{
    const struct plan_header *plan = at(boot->plan_physical);
    const struct plan_region *regions =
        (const struct plan_region *)at(boot->plan_physical + plan->tables[PLAN_TABLE_REGIONS].offset);
    const struct region_extent *extents = at(boot->extents_physical);
    uint32_t next = 0;
    check(memcmp(plan->magic, PLAN_MAGIC, 8) == 0, "plan");
    for (uint32_t i = 0; i < plan->tables[PLAN_TABLE_REGIONS].count; i++) {
        const struct plan_region *region = &regions[i];
        uint64_t covered = 0;
        uint32_t pieces = 0;
        for (; next < boot->extent_count && extents[next].region == i; next++, pieces++) {
            const struct region_extent *extent = &extents[next];
            check(extent->region_offset == covered, "extents follow each other");
            check(extent->physical_address % region->page_size == 0 && extent->size % region->page_size == 0,
                  "extents are aligned");
            check(extent_right(region, extent, at(hardware->payload_address)), region->name);
            check((region->flags & PLAN_REGION_IN_PLACE) != 0 ||
                      apart_from_payload(hardware, extent->physical_address, extent->size),
                  "regions lie apart from the payload");
            covered += extent->size;
        }
        check(covered == (region->kind == PLAN_REGION_RAM ? region->size : 0), "extents cover the region");
        check((region->flags & PLAN_REGION_CONTIGUOUS) == 0 || pieces == 1, "contiguous");
        check(region->kind != PLAN_REGION_RAM || region->physical_address == PLAN_ANY_ADDRESS ||
                  extents[next - 1].physical_address == region->physical_address,
              "fixed address");
        if (pieces > 0) {
            print("test kernel: region %s: %u pieces, last at 0x%llx", region->name, pieces,
                  (unsigned long long)extents[next - 1].physical_address);
        }
    }
    check(next == boot->extent_count, "no extent is left");
    check(apart_from_payload(hardware, boot->kernel_physical, boot->kernel_size) &&
              apart_from_payload(hardware, boot->pool_physical, boot->pool_size) &&
              apart_from_payload(hardware, boot->extents_physical, boot->extent_count * sizeof(*extents)) &&
              apart_from_payload(hardware, boot->hardware_physical, boot->hardware_size),
          "kernel, pool and tables lie apart from the payload");
}

static void report_hardware(const struct hardware_info *hardware)
{
    print("test kernel: protocol %u, firmware %u", hardware->boot_protocol, hardware->firmware);
    print("test kernel: boot loader \"%s\"", hardware->boot_loader);
    print("test kernel: command line \"%s\"", hardware->command_line);
    print("test kernel: system \"%s\"", hardware->system_name);
    print("test kernel: cpu \"%s\" \"%s\"", hardware->cpu_vendor, hardware->cpu_brand);
    print("test kernel: %u cpus, %u ecams, %u pci functions", hardware->cpu_count, hardware->ecam_count,
          hardware->pci_count);
    print("test kernel: %llu MiB", (unsigned long long)hardware->memory_total >> 20);
    for (uint32_t i = 0; i < hardware->memory_count; i++) {
        print("test kernel: memory 0x%llx 0x%llx %u", (unsigned long long)hardware->memory[i].base,
              (unsigned long long)hardware->memory[i].size, hardware->memory[i].kind);
    }
    machine_report(&hardware->arch);
    print("test kernel: framebuffer 0x%llx %ux%ux%u pitch %u", (unsigned long long)hardware->framebuffer_address,
          hardware->framebuffer_width, hardware->framebuffer_height, hardware->framebuffer_bits,
          hardware->framebuffer_pitch);
    print("test kernel: random numbers: %u bits, sources %x, added %x, %u seeds", hardware->entropy.credited,
          hardware->entropy.sources, hardware->entropy.added, hardware->entropy.seeds);
    print("test kernel: clock %llu", (unsigned long long)hardware->wall_clock);
    print("test kernel: hash cycles %llu, signature cycles %llu", (unsigned long long)hardware->hash_cycles,
          (unsigned long long)hardware->verification.signature_cycles);
    for (uint32_t i = 0; i < hardware->pci_count; i++) {
        const struct hardware_pci_device *device = &hardware->pci[i];
        print("test kernel: pci %04x %04x:%04x class %08x msi %x msix %x", device->address, device->vendor_id,
              device->device_id, device->class_revision, device->msi_capability, device->msix_capability);
        for (uint32_t bar = 0; bar < 6; bar++) {
            if (device->bars[bar].size != 0) {
                print("test kernel:   bar %u 0x%llx 0x%llx %u", bar, (unsigned long long)device->bars[bar].address,
                      (unsigned long long)device->bars[bar].size, device->bars[bar].flags);
            }
        }
    }
}

void kernel_main(const struct boot_info *boot_info, uint32_t index)
{
    entered[index < 64 ? index : 63]++;
    __atomic_fetch_add(&entered_count, 1, __ATOMIC_SEQ_CST);
    if (index != 0) {
        /* One after the other, so that their lines stay whole. */
        while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != index) {
            machine_pause();
        }
        machine_check_cpu("state of another CPU");
        __atomic_store_n(&turn, index + 1, __ATOMIC_SEQ_CST);
        return;
    }
    const struct hardware_info *hardware = at(boot_info->hardware_physical);
    machine_start(hardware);
    while (__atomic_load_n(&entered_count, __ATOMIC_SEQ_CST) < boot_info->cpu_count) {
        machine_pause();
    }
    report_hardware(hardware);
    check(boot_info->magic == BOOT_INFO_MAGIC && boot_info->version == BOOT_INFO_VERSION &&
              boot_info->size == sizeof(*boot_info),
          "boot information");
    check(boot_info->kernel_virtual == (uintptr_t)text_start, "kernel_virtual");
    check(boot_info->kernel_size >= (uintptr_t)kernel_end - (uintptr_t)text_start, "kernel_size");
    check(hardware->version == HARDWARE_INFO_VERSION && hardware->size == sizeof(*hardware), "hardware_info");
    check(boot_info->hardware_physical % 4096 == 0, "hardware_info is aligned");
    machine_check_cpu("state of the first CPU");
    machine_check_pages(boot_info);
    check(link_check_data == 0x600dda7a && link_check_bss == 0, "data and bss");
    check_pool(boot_info);
    check_regions(boot_info, hardware);
    machine_check_interrupts(hardware);
    for (uint32_t i = 1; i < boot_info->cpu_count; i++) {
        check(entered[i] == 1, "each CPU enters once");
    }
    __atomic_store_n(&turn, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) < boot_info->cpu_count) {
        machine_pause();
    }
    print("test kernel: done on %u CPUs, %u failures", boot_info->cpu_count, failures);
}
