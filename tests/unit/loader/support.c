/* SPDX-License-Identifier: BSD-2-Clause */
#include "support.h"

#include <crypto/hash.h>

static uint64_t page_round(uint64_t size)
{
    return (size + PAYLOAD_ALIGNMENT - 1) / PAYLOAD_ALIGNMENT * PAYLOAD_ALIGNMENT;
}

struct payload_header *payload_header_of(uint8_t *payload)
{
    return (struct payload_header *)(void *)payload;
}

void describe_images(struct manifest *manifest, const struct test_image *images, uint32_t count,
                     uint32_t signatures_size)
{
    memset(manifest, 0, sizeof(*manifest));
    manifest->kind = MANIFEST_KIND_SYSTEM;
    manifest->rollback_index = 5;
    manifest->hash_algorithm = HASH_ALGORITHM_SHA512;
    manifest->lattice_algorithm = SIGNATURE_ML_DSA_65;
    manifest->hash_based_algorithm = SIGNATURE_SLH_DSA_SHA2_128S;
    snprintf(manifest->system_name, sizeof(manifest->system_name), "unit test");
    manifest->image_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct manifest_image *image = &manifest->images[i];
        snprintf(image->name, sizeof(image->name), "%s", images[i].name);
        image->role = images[i].role;
        image->flags = images[i].flags;
        image->size = images[i].size;
        if ((image->flags & MANIFEST_IMAGE_UNSIGNED) == 0) {
            hash_sha512(images[i].data, images[i].size, image->hash);
        }
    }
    uint64_t offset = payload_first_image(manifest_write_size(manifest), signatures_size);
    for (uint32_t i = 0; i < count; i++) {
        manifest->images[i].offset = offset;
        offset += page_round(images[i].size);
    }
}

uint8_t *assemble_payload(const struct manifest *manifest, const struct test_image *images, uint32_t signatures_size,
                          uint64_t *size)
{
    uint64_t manifest_size = manifest_write_size(manifest);
    uint64_t total = payload_first_image(manifest_size, signatures_size);
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        total += page_round(images[i].size);
    }
    uint8_t *payload = aligned_alloc(4096, total);
    assert_non_null(payload);
    memset(payload, 0, total);
    struct payload_header *header = payload_header_of(payload);
    memcpy(header->magic, PAYLOAD_MAGIC, 8);
    header->version = PAYLOAD_VERSION;
    header->manifest_size = (uint32_t)manifest_size;
    header->signatures_size = signatures_size;
    header->total_size = total;
    assert_int_equal(manifest_write(manifest, payload + sizeof(*header), manifest_size), manifest_size);
    uint64_t offset = payload_first_image(manifest_size, signatures_size);
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        memcpy(payload + offset, images[i].data, images[i].size);
        offset += page_round(images[i].size);
    }
    *size = total;
    return payload;
}

uint8_t *make_payload(const struct test_image *images, uint32_t count, uint64_t *size)
{
    static struct manifest manifest;
    describe_images(&manifest, images, count, 0);
    return assemble_payload(&manifest, images, 0, size);
}

const uint8_t *make_plan(const struct plan_region *regions, uint32_t count, uint32_t cpu_count, uint64_t pool_size,
                         uint64_t *size)
{
    static const uint32_t entry_sizes[PLAN_TABLE_COUNT] = {
        sizeof(struct plan_region), sizeof(struct plan_space),  sizeof(struct plan_map),
        sizeof(struct plan_pd),     sizeof(struct plan_thread), sizeof(struct plan_channel_end),
        sizeof(struct plan_irq),    sizeof(struct plan_ioport), sizeof(struct plan_vm),
        sizeof(struct plan_vcpu),
    };
    static union {
        struct plan_header header;
        uint8_t bytes[sizeof(struct plan_header) + 64 * sizeof(struct plan_region)];
    } plan;
    assert_true(count <= 64);
    memset(&plan, 0, sizeof(plan));
    memcpy(plan.header.magic, PLAN_MAGIC, 8);
    plan.header.version = PLAN_VERSION;
    plan.header.total_size = (uint32_t)(sizeof(plan.header) + count * sizeof(*regions));
    snprintf(plan.header.system_name, sizeof(plan.header.system_name), "unit test");
    plan.header.machine = HARDWARE_PLAN_MACHINE;
    plan.header.cpu_count = cpu_count;
    plan.header.kernel_pool_size = pool_size;
    for (uint32_t i = 0; i < PLAN_TABLE_COUNT; i++) {
        plan.header.tables[i].offset = sizeof(plan.header);
        plan.header.tables[i].entry_size = entry_sizes[i];
    }
    plan.header.tables[PLAN_TABLE_REGIONS].count = count;
    if (count > 0) {
        memcpy(plan.bytes + sizeof(plan.header), regions, count * sizeof(*regions));
    }
    *size = plan.header.total_size;
    return plan.bytes;
}

struct plan_region ram_region(const char *name, uint64_t size, uint64_t page_size)
{
    struct plan_region region = {
        .size = size,
        .page_size = page_size,
        .physical_address = PLAN_ANY_ADDRESS,
        .kind = PLAN_REGION_RAM,
        .image = PLAN_NONE,
    };
    snprintf(region.name, sizeof(region.name), "%s", name);
    return region;
}
