/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile payloads: the input as it is, and with its hashes put right, so that
 * the checks behind them, the plan, the kernel's ELF file and the binding see
 * hostile bytes as well.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/hash.h>
#include <loader/bind.h>
#include <loader/elf.h>
#include <loader/payload.h>
#include <loader/plan.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void log_warning(const char *format, ...)
{
    (void)format;
}

static void bind_somewhere(const struct payload *payload, const struct plan_regions *plan,
                           const struct kernel_image *kernel)
{
    static struct memory_map map;
    static struct free_memory memory;
    static struct region_extent extents[BINDING_EXTENT_CAPACITY(PLAN_MAX_REGIONS)];
    static uint8_t in_place[PLAN_MAX_REGIONS];
    static const struct memory_range ranges[] = {{0x100000, 0x7ff00000, HARDWARE_MEMORY_USABLE},
                                                 {0x80000000, 0x1000000, HARDWARE_MEMORY_ACPI_NVS},
                                                 {0x100000000, 0x80000000, HARDWARE_MEMORY_USABLE}};
    struct loader_error error;
    memory_map_normalise(&map, ranges, 3, &error);
    free_memory_from_map(&memory, &map);
    struct binding_request request = {.plan = plan,
                                      .payload = payload,
                                      .payload_address = 0x1000000,
                                      .kernel = kernel,
                                      .map = &map,
                                      .cpu_count = PLAN_MAX_CPUS};
    struct binding binding = {
        .extents = extents, .extent_capacity = BINDING_EXTENT_CAPACITY(plan->count), .in_place = in_place};
    bind_plan(&request, &memory, &binding, &error);
}

static void try(const uint8_t *bytes, size_t size)
{
    struct payload payload;
    struct plan_regions plan;
    struct kernel_image kernel;
    struct loader_error error;
    if (payload_check(bytes, size, &payload, &error) == 0) {
        return;
    }
    int plan_right = plan_check(&payload, &plan, &error);
    int kernel_right = kernel_elf_read(payload.bytes + payload.kernel->offset, payload.kernel->size, &kernel, &error);
    if (plan_right != 0) {
        if (kernel_right == 0) {
            kernel = (struct kernel_image){.virtual_base = KERNEL_LINK_BASE, .size = 0x100000};
        }
        bind_somewhere(&payload, &plan, &kernel);
    }
}

/* Puts sizes and hashes right wherever the tables can be followed. */
static void repair(uint8_t *bytes, size_t size)
{
    struct payload_header *header = (struct payload_header *)(void *)bytes;
    memcpy(header->magic, PAYLOAD_MAGIC, sizeof(header->magic));
    header->version = PAYLOAD_VERSION;
    header->header_size = PAYLOAD_ALIGNMENT;
    header->total_size = size;
    header->hash_algorithm = PAYLOAD_HASH_SHA512;
    header->image_count %= 8;
    header->image_table_offset = sizeof(*header);
    header->signature_offset = header->signature_size = header->reserved = 0;
    header->system_name[PAYLOAD_NAME_LENGTH - 1] = '\0';
    struct payload_image *images = (struct payload_image *)(void *)(bytes + sizeof(*header));
    for (uint32_t i = 0; i < header->image_count; i++) {
        images[i].name[PAYLOAD_NAME_LENGTH - 1] = '\0';
        images[i].offset &= ~(uint64_t)(PAYLOAD_ALIGNMENT - 1);
        if (images[i].offset <= size && images[i].size <= size - images[i].offset) {
            hash_sha512(bytes + images[i].offset, images[i].size, images[i].hash);
        }
    }
    size_t end = sizeof(*header) + header->image_count * sizeof(*images);
    memset(bytes + end, 0, PAYLOAD_ALIGNMENT - end);
    memset(header->header_hash, 0, sizeof(header->header_hash));
    uint8_t digest[PAYLOAD_HASH_SIZE];
    hash_sha512(bytes, header->header_size, digest);
    memcpy(header->header_hash, digest, sizeof(digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* An allocation of exactly the input's size shows every access beyond it. */
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    try(copy, size);
    free(copy);

    size_t whole = size / PAYLOAD_ALIGNMENT * PAYLOAD_ALIGNMENT;
    if (whole >= PAYLOAD_ALIGNMENT) {
        uint8_t *repaired = aligned_alloc(PAYLOAD_ALIGNMENT, whole);
        if (repaired != NULL) {
            memcpy(repaired, data, whole);
            repair(repaired, whole);
            try(repaired, whole);
            free(repaired);
        }
    }
    return 0;
}
