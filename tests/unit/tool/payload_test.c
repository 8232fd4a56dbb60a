/* SPDX-License-Identifier: BSD-2-Clause */
/* The payload writer against the reader, and what the reader says of damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <crypto/image_hash.h>
#include <stdlib.h>
#include <string.h>
#include <tool/payload_reader.h>
#include <tool/payload_sign.h>
#include <tool/plan_builder.h>

static struct blob *plan_blob(struct arena *arena)
{
    static const uint32_t sizes[PLAN_TABLE_COUNT] = {
        sizeof(struct plan_region), sizeof(struct plan_space),  sizeof(struct plan_map),
        sizeof(struct plan_pd),     sizeof(struct plan_thread), sizeof(struct plan_channel_end),
        sizeof(struct plan_irq),    sizeof(struct plan_ioport), sizeof(struct plan_vm),
        sizeof(struct plan_vcpu),
    };
    struct plan_header header = {.version = PLAN_VERSION, .cpu_count = 1, .kernel_pool_size = 0x200000};
    struct plan_region region = {.name = "region",
                                 .size = 0x2000,
                                 .page_size = 0x1000,
                                 .physical_address = PLAN_ANY_ADDRESS,
                                 .kind = PLAN_REGION_RAM,
                                 .image = 2,
                                 .image_size = 5};
    memcpy(header.magic, PLAN_MAGIC, sizeof(header.magic));
    strcpy(header.system_name, "system");
    for (uint32_t i = 0; i < PLAN_TABLE_COUNT; i++) {
        header.tables[i] = (struct plan_table_location){.offset = sizeof(header), .entry_size = sizes[i]};
    }
    header.tables[PLAN_TABLE_REGIONS].count = 1;
    header.machine = PLAN_MACHINE_X86_64;
    header.total_size = sizeof(header) + sizeof(region);
    struct blob *blob = ARENA_NEW(arena, struct blob);
    blob->size = header.total_size;
    blob->data = arena_allocate(arena, blob->size);
    memcpy(blob->data, &header, sizeof(header));
    memcpy(blob->data + sizeof(header), &region, sizeof(region));
    return blob;
}

static struct blob *make_payload(struct arena *arena)
{
    static uint8_t kernel[5000], data[4096] = {1, 2, 3, 4, 5};
    static struct blob kernel_blob = {.data = kernel, .size = sizeof(kernel)};
    static struct blob data_blob = {.data = data, .size = sizeof(data)};
    struct payload_item items[] = {
        {"kernel", MANIFEST_ROLE_KERNEL, 0, &kernel_blob},
        {"plan", MANIFEST_ROLE_PLAN, 0, plan_blob(arena)},
        {"data/region", MANIFEST_ROLE_DATA, 0, &data_blob},
    };
    struct list list = {0};
    struct payload_options options = {.system_name = "system", .rollback_index = 3, .creation_time = 4};
    memset(kernel, 0xaa, sizeof(kernel));
    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        struct payload_item *item = ARENA_NEW(arena, struct payload_item);
        *item = items[i];
        list_append(arena, &list, item);
    }
    return payload_write(arena, &list, &options);
}

/* Reads a copy that has exactly `size` bytes. */
static bool read_copy(struct arena *arena, const uint8_t *data, size_t size, struct payload_view *view)
{
    struct blob blob = {.data = malloc(size == 0 ? 1 : size), .size = size, .path = "test"};
    memcpy(blob.data, data, size);
    bool good = payload_read(arena, &blob, view);
    free(blob.data);
    return good;
}

static void round_trip(void **state)
{
    struct arena arena = {0};
    struct payload_view view;
    (void)state;
    struct blob *payload = make_payload(&arena);
    assert_int_equal(payload->size, 4096 * 5);
    assert_true(payload_read(&arena, payload, &view));
    assert_int_equal(view.image_count, 3);
    assert_false(view.is_signed);
    assert_string_equal(view.manifest.system_name, "system");
    assert_int_equal(view.manifest.rollback_index, 3);
    assert_int_equal(view.manifest.creation_time, 4);
    assert_int_equal(view.images[0].row->size, 5000);
    assert_int_equal(view.images[0].row->offset, 4096);
    assert_int_equal(view.images[1].row->offset, 4096 * 3);
    assert_true(view.plan_present);
    assert_string_equal(plan_region_name(&arena, &view, 0), "region");
    assert_string_equal(plan_region_name(&arena, &view, 1), "?");
    assert_null(plan_row(&view, PLAN_TABLE_PDS, 0));
    arena_free(&arena);
}

#define MANIFEST_AT sizeof(struct payload_header)

/* Where any value is right: rollback index, creation time, key ids. Signatures vouch for them. */
static bool any_value(size_t at)
{
    return (at >= MANIFEST_AT + 16 && at < MANIFEST_AT + 32) || (at >= MANIFEST_AT + 38 && at < MANIFEST_AT + 102);
}

static void every_changed_byte_is_found(void **state)
{
    struct arena arena = {0};
    (void)state;
    struct blob *payload = make_payload(&arena);
    for (size_t at = 0; at < payload->size; at += at < 700 ? 1 : 97) {
        struct arena other = {0};
        struct payload_view view;
        if (any_value(at)) {
            continue;
        }
        payload->data[at] ^= 0x80;
        assert_false(read_copy(&other, payload->data, payload->size, &view));
        assert_true(view.problems.count > 0);
        payload->data[at] ^= 0x80;
        arena_free(&other);
    }
    arena_free(&arena);
}

static void every_cut_is_found(void **state)
{
    struct arena arena = {0};
    (void)state;
    struct blob *payload = make_payload(&arena);
    for (size_t size = 0; size < payload->size; size += size < 700 ? 1 : 101) {
        struct arena other = {0};
        struct payload_view view;
        assert_false(read_copy(&other, payload->data, size, &view));
        arena_free(&other);
    }
    arena_free(&arena);
}

/* Makes all hashes right again. */
static void reseal(struct blob *payload, struct manifest *manifest)
{
    for (uint32_t i = 0; i < 3; i++) {
        image_hash(manifest->hash_algorithm, payload->data + manifest->images[i].offset, manifest->images[i].size,
                   manifest->images[i].hash);
    }
    manifest_write(manifest, payload->data + MANIFEST_AT, 4096 - MANIFEST_AT);
}

/* With right hashes, only the structure tells. */
static void wrong_structure_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < 14; i++) {
        struct arena arena = {0};
        struct payload_view view;
        struct blob *payload = make_payload(&arena);
        assert_true(payload_read(&arena, payload, &view));
        struct manifest manifest = view.manifest;
        struct manifest_image *images = manifest.images;
        struct plan_header *plan = (struct plan_header *)(void *)(payload->data + 4096 * 3);
        struct plan_region *region = (struct plan_region *)(void *)(plan + 1);
        switch (i) {
        case 0:
            strcpy(images[1].name, "kernel");
            break;
        case 1:
            images[2].role = MANIFEST_ROLE_PLAN;
            break;
        case 2:
            images[0].role = 77;
            break;
        case 3:
            images[0].name[2] = '\n';
            break;
        case 4:
            payload->data[4096 + 5000] = 1; /* padding */
            break;
        case 5:
            plan->tables[PLAN_TABLE_REGIONS].count = 2;
            break;
        case 6:
            plan->tables[PLAN_TABLE_MAPS].count = 0x10000000;
            break;
        case 7:
            region->image = 3;
            break;
        case 8:
            region->image_size = 0x2001;
            break;
        case 9:
            region->prefill_offset = UINT64_MAX;
            break;
        case 10:
            region->image_offset = UINT64_MAX;
            break;
        case 11:
            region->image_size = 4097; /* more than the image has, less than the region */
            break;
        case 12:
            plan->cpu_count = 0;
            break;
        default:
            region->page_size = 0x3000;
        }
        reseal(payload, &manifest);
        assert_false(read_copy(&arena, payload->data, payload->size, &view));
        assert_true(view.problems.count > 0);
        arena_free(&arena);
    }
}

/* Other signature sizes move the images; everything else stays. */
static void laid_out_for_signatures(void **state)
{
    static const uint8_t lattice[3309] = {1}, hash_based[7856] = {2};
    struct arena arena = {0};
    struct payload_view view;
    struct payload_keys keys = {.lattice_algorithm = SIGNATURE_ML_DSA_65,
                                .hash_based_algorithm = SIGNATURE_SLH_DSA_SHA2_128S};
    struct payload_signing signing;
    uint64_t index = 9;
    (void)state;
    memset(keys.lattice_key_id, 0x33, sizeof(keys.lattice_key_id));
    memset(keys.hash_based_key_id, 0x44, sizeof(keys.hash_based_key_id));
    assert_null(payload_lay_out(&arena, make_payload(&arena), &keys, &index, &signing));
    assert_false(payload_read(&arena, signing.payload, &view)); /* no signatures yet */
    payload_attach(&signing, lattice, hash_based);
    assert_true(payload_read(&arena, signing.payload, &view));
    assert_true(view.is_signed);
    assert_ptr_equal(signing.message, view.manifest_bytes);
    assert_int_equal(signing.message_size, view.header.manifest_size);
    assert_memory_equal(view.signatures.lattice, lattice, sizeof(lattice));
    assert_memory_equal(view.signatures.hash_based, hash_based, sizeof(hash_based));
    assert_memory_equal(view.manifest.lattice_key_id, keys.lattice_key_id, sizeof(keys.lattice_key_id));
    assert_int_equal(view.manifest.rollback_index, 9);
    assert_int_equal(view.images[0].row->offset, 4096 * 3);
    /* And again, of what is signed already, by larger ones. */
    keys.lattice_algorithm = SIGNATURE_ML_DSA_87;
    keys.hash_based_algorithm = SIGNATURE_SLH_DSA_SHAKE_256S;
    assert_null(payload_lay_out(&arena, signing.payload, &keys, NULL, &signing));
    assert_int_equal(signing.manifest->rollback_index, 9);
    assert_int_equal(signing.manifest->images[0].offset, 4096 * 9);
    assert_int_equal(signing.payload->data[4096 * 9], 0xaa);
    /* What is damaged is not signed. */
    struct blob *damaged = make_payload(&arena);
    damaged->data[4096] ^= 1;
    assert_non_null(payload_lay_out(&arena, damaged, &keys, NULL, &signing));
    keys.lattice_algorithm = 0;
    assert_non_null(payload_lay_out(&arena, make_payload(&arena), &keys, NULL, &signing));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(every_changed_byte_is_found),
        cmocka_unit_test(every_cut_is_found),
        cmocka_unit_test(wrong_structure_is_found),
        cmocka_unit_test(laid_out_for_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
