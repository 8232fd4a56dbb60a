/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <tool/disk.h>
#include <tool/layout.h>

#define PIECE_BLOCKS 256u

bool disk_partition_lay_out(uint64_t size, uint64_t manifest_size, uint64_t signatures_size,
                            struct disk_partition *partition)
{
    uint64_t end = align_up(manifest_size + signatures_size, DISK_BLOCK_SIZE) + DISK_BLOCK_SIZE;
    if (size % DISK_BLOCK_SIZE != 0 || size <= end) {
        return false;
    }
    *partition = (struct disk_partition){.size = size, .manifest_offset = size - end};
    uint64_t room = partition->manifest_offset / DISK_BLOCK_SIZE;
    /* As much data as goes beside its tree, which is a 63rd of it, and up to a block more for each level. */
    uint64_t blocks = room - room / MERKLE_FAN_OUT;
    while (blocks > 0 && merkle_shape_of(blocks * DISK_BLOCK_SIZE, &partition->shape) &&
           blocks + partition->shape.tree_blocks > room) {
        blocks--;
    }
    partition->tree_offset = partition->shape.data_size;
    return blocks > 0 && partition->shape.data_blocks == blocks;
}

struct tree_place {
    int disk;
    uint64_t offset;
};

static bool write_tree_block(void *context, uint64_t index, const uint8_t *block)
{
    const struct tree_place *place = context;
    return disk_write(place->disk, place->offset + index * DISK_BLOCK_SIZE, block, DISK_BLOCK_SIZE);
}

static bool build_tree(struct arena *arena, struct merkle_builder *builder, int disk, uint64_t offset,
                       const struct disk_partition *partition, const uint8_t *salt, bool progress,
                       uint8_t root[HASH_SHA512_SIZE])
{
    uint8_t *piece = arena_allocate(arena, (size_t)PIECE_BLOCKS * DISK_BLOCK_SIZE);
    struct tree_place place = {.disk = disk, .offset = offset + partition->tree_offset};
    uint64_t blocks = partition->shape.data_blocks;
    if (!merkle_build_start(builder, partition->shape.data_size, salt, write_tree_block, &place)) {
        return false;
    }
    for (uint64_t done = 0; done < blocks; done += PIECE_BLOCKS) {
        uint64_t part = blocks - done < PIECE_BLOCKS ? blocks - done : PIECE_BLOCKS;
        if (!disk_read(disk, offset + done * DISK_BLOCK_SIZE, piece, part * DISK_BLOCK_SIZE)) {
            return false;
        }
        for (uint64_t i = 0; i < part; i++) {
            if (!merkle_build_add(builder, piece + i * DISK_BLOCK_SIZE)) {
                return false;
            }
        }
        if (progress && done % (32 * PIECE_BLOCKS) == 0) {
            fprintf(stderr, "\rhashing %3llu %%", (unsigned long long)(done * 100 / blocks));
        }
    }
    if (progress) {
        fprintf(stderr, "\r\033[K");
    }
    return merkle_build_finish(builder, root);
}

static void fill_manifest(struct manifest *manifest, const struct disk_identity *identity,
                          const struct signing_pair *pair)
{
    *manifest = (struct manifest){
        .kind = MANIFEST_KIND_DISK,
        .rollback_index = identity->rollback_index,
        .creation_time = identity->creation_time,
        .hash_algorithm = HASH_ALGORITHM_SHA512,
        .lattice_algorithm = pair->lattice.parameters->id,
        .hash_based_algorithm = pair->hash.parameters->id,
        .image_count = 1,
    };
    memcpy(manifest->lattice_key_id, pair->lattice.id, sizeof(manifest->lattice_key_id));
    memcpy(manifest->hash_based_key_id, pair->hash.id, sizeof(manifest->hash_based_key_id));
    snprintf(manifest->system_name, sizeof(manifest->system_name), "%s", identity->system_name);
    strcpy(manifest->images[0].name, DISK_IMAGE_NAME);
    manifest->images[0].role = MANIFEST_ROLE_TREE;
}

/* Manifest, signatures and trailer, as one piece that ends the partition. */
static uint8_t *make_end(struct arena *arena, const struct manifest *manifest, const struct signing_pair *pair,
                         const struct disk_partition *partition, const uint8_t *salt, const char **reason)
{
    size_t size = (size_t)(partition->size - partition->manifest_offset);
    size_t manifest_size = manifest_write_size(manifest);
    size_t signatures_size = manifest_signatures_size(manifest->lattice_algorithm, manifest->hash_based_algorithm);
    uint8_t *bytes = arena_allocate(arena, size), *lattice, *hash;
    struct disk_trailer trailer = {.version = DISK_VERSION,
                                   .manifest_size = (uint32_t)manifest_size,
                                   .signatures_size = (uint32_t)signatures_size,
                                   .partition_size = partition->size};
    memcpy(trailer.magic, DISK_MAGIC, sizeof(trailer.magic));
    memcpy(trailer.salt, salt, sizeof(trailer.salt));
    memcpy(bytes + size - DISK_BLOCK_SIZE, &trailer, sizeof(trailer));
    if (manifest_write(manifest, bytes, manifest_size) != manifest_size) {
        *reason = "its manifest cannot be written";
        return NULL;
    }
    if (!signing_pair_sign(arena, pair, MANIFEST_CONTEXT_DISK, bytes, manifest_size, &lattice, &hash, reason)) {
        return NULL;
    }
    manifest_signatures_write(manifest, lattice, hash, bytes + manifest_size, signatures_size);
    return bytes;
}

bool disk_partition_seal(struct arena *arena, int disk, const struct disk_layout *layout,
                         const struct disk_identity *identity, const struct signing_pair *pair, uint64_t content_size,
                         bool progress, const char **reason)
{
    struct manifest *manifest = ARENA_NEW(arena, struct manifest);
    struct disk_partition partition;
    fill_manifest(manifest, identity, pair);
    uint64_t signatures = manifest_signatures_size(manifest->lattice_algorithm, manifest->hash_based_algorithm);
    if (!disk_partition_lay_out(layout->boot_size, manifest_write_size(manifest), signatures, &partition)) {
        *reason = "the boot partition is too small";
        return false;
    }
    if (content_size > partition.shape.data_size) {
        *reason = arena_format(arena,
                               "the payload needs %llu KiB and the boot partition has %llu KiB; make it larger "
                               "with --size",
                               (unsigned long long)((content_size + 1023) >> 10),
                               (unsigned long long)(partition.shape.data_size >> 10));
        return false;
    }
    manifest->images[0].size = partition.shape.data_size;
    if (!build_tree(arena, ARENA_NEW(arena, struct merkle_builder), disk, layout->boot_offset, &partition,
                    identity->salt, progress, manifest->images[0].hash)) {
        *reason = "the Merkle tree cannot be written";
        return false;
    }
    const uint8_t *end = make_end(arena, manifest, pair, &partition, identity->salt, reason);
    if (end == NULL) {
        return false;
    }
    if (!disk_write(disk, layout->boot_offset + partition.manifest_offset, end,
                    (size_t)(partition.size - partition.manifest_offset))) {
        *reason = "the manifest cannot be written";
        return false;
    }
    return true;
}
