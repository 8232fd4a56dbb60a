/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile payloads: the input as it is, and with its sizes, places and hashes put
 * right, so that the checks behind them, the plan, the kernel's ELF file and the
 * binding see hostile bytes as well. Signatures are left out: what is behind them
 * is to withstand anything by itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/hash.h>
#include <loader/bind.h>
#include <loader/elf.h>
#include <loader/payload.h>
#include <loader/plan.h>
#include <loader_arch/foreign.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void log_warning(const char *format, ...)
{
    (void)format;
}

/* A machine with a hole that may be overwritten, and with memory above 4 GiB. */
static void make_machine(struct memory_map *map, struct free_memory *memory)
{
    static const struct memory_range ranges[] = {{0x100000, 0x7ff00000, HARDWARE_MEMORY_USABLE},
                                                 {0x80000000, 0x1000000, HARDWARE_MEMORY_ACPI_NVS},
                                                 {0x100000000, 0x80000000, HARDWARE_MEMORY_USABLE}};
    struct loader_error error;
    memory_map_normalise(map, ranges, 3, &error);
    free_memory_from_map(memory, map);
}

static void place_foreign(const struct payload *payload)
{
    static struct memory_map map;
    static struct free_memory memory;
    static struct foreign_image kernel;
    struct foreign_places places;
    struct loader_error error;
    uint64_t module_memory = 0, module_size = 0;
    const uint8_t *file = payload->bytes + payload->foreign->offset;
    multiboot2_kernel_check(file, payload->foreign->size, &error);
    for (uint32_t i = 0; i < payload->manifest.image_count; i++) {
        const struct manifest_image *image = &payload->manifest.images[i];
        if (image->role == MANIFEST_ROLE_MODULE) {
            module_size = image->size;
            module_elf_memory(payload->bytes + image->offset, image->size, &module_memory, &error);
        }
    }
    make_machine(&map, &memory);
    if (foreign_elf_read(file, payload->foreign->size, &kernel, &error) != 0 &&
        foreign_find_places(&kernel, module_size, module_memory, &map, &memory, &places, &error) != 0 &&
        places.module < places.kernel_end + module_memory) {
        abort();
    }
}

static void bind_somewhere(const struct payload *payload, const struct plan_regions *plan,
                           const struct kernel_image *kernel)
{
    static struct memory_map map;
    static struct free_memory memory;
    static struct region_extent extents[BINDING_EXTENT_CAPACITY(PLAN_MAX_REGIONS)];
    static uint8_t in_place[PLAN_MAX_REGIONS];
    struct loader_error error;
    make_machine(&map, &memory);
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
    static struct payload payload;
    struct plan_regions plan;
    struct kernel_image kernel;
    struct loader_error error;
    if (payload_read(bytes, size, &payload, &error) == 0 || payload_check_images(&payload, &error) == 0) {
        return;
    }
    if (payload.foreign != NULL) {
        place_foreign(&payload);
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

/* The input's page holds four bytes for each image: role and size; what follows
 * are the images. An odd first byte makes it another kernel's. Whatever that says becomes a payload with a right
 * manifest. */
static uint8_t *repair(const uint8_t *bytes, size_t size, uint64_t *result_size)
{
    static struct manifest manifest;
    static const uint32_t roles[] = {MANIFEST_ROLE_PROGRAM, MANIFEST_ROLE_DATA, MANIFEST_ROLE_GUEST};
    uint64_t pages = size / PAYLOAD_ALIGNMENT - 1;
    manifest = (struct manifest){
        .kind = MANIFEST_KIND_SYSTEM,
        .hash_algorithm = HASH_ALGORITHM_SHA512,
        .lattice_algorithm = SIGNATURE_ML_DSA_87,
        .hash_based_algorithm = SIGNATURE_SLH_DSA_SHA2_128S,
        .system_name = "fuzz",
    };
    uint64_t used = 0;
    while (used < pages && manifest.image_count < 8) {
        struct manifest_image *image = &manifest.images[manifest.image_count];
        const uint8_t *description = bytes + 4 * manifest.image_count;
        uint64_t take = 1 + description[1] % (pages - used);
        image->name[0] = (char)('a' + manifest.image_count);
        image->role = bytes[0] % 2 != 0          ? MANIFEST_ROLE_FOREIGN_KERNEL + (manifest.image_count != 0)
                      : manifest.image_count < 2 ? MANIFEST_ROLE_KERNEL + manifest.image_count
                                                 : roles[description[0] % 3];
        image->size = take * PAYLOAD_ALIGNMENT - (uint64_t)(description[2] | description[3] << 8) % PAYLOAD_ALIGNMENT;
        image->offset = PAYLOAD_ALIGNMENT * (1 + used);
        hash_sha512(bytes + image->offset, image->size, image->hash);
        used += take;
        manifest.image_count++;
    }
    *result_size = PAYLOAD_ALIGNMENT * (1 + used);
    uint8_t *payload = aligned_alloc(PAYLOAD_ALIGNMENT, *result_size);
    if (payload == NULL) {
        return NULL;
    }
    memset(payload, 0, *result_size);
    for (uint32_t i = 0; i < manifest.image_count; i++) {
        memcpy(payload + manifest.images[i].offset, bytes + manifest.images[i].offset, manifest.images[i].size);
    }
    struct payload_header header = {
        .version = PAYLOAD_VERSION,
        .manifest_size = (uint32_t)manifest_write_size(&manifest),
        .total_size = *result_size,
    };
    memcpy(header.magic, PAYLOAD_MAGIC, sizeof(header.magic));
    memcpy(payload, &header, sizeof(header));
    manifest_write(&manifest, payload + sizeof(header), PAYLOAD_ALIGNMENT - sizeof(header));
    return payload;
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

    if (size >= 2 * PAYLOAD_ALIGNMENT) {
        uint64_t repaired_size = 0;
        uint8_t *repaired = repair(data, size, &repaired_size);
        if (repaired != NULL) {
            try(repaired, repaired_size);
            free(repaired);
        }
    }
    return 0;
}
