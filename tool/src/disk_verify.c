/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tool/disk.h>
#include <tool/layout.h>
#include <unistd.h>

struct source {
    int disk;
    uint64_t data, tree; /* offsets */
};

static bool read_source(void *context, bool tree, uint64_t index, uint8_t *block)
{
    const struct source *source = context;
    return disk_read(source->disk, (tree ? source->tree : source->data) + index * DISK_BLOCK_SIZE, block,
                     DISK_BLOCK_SIZE);
}

__attribute__((format(printf, 3, 4))) static bool problem(struct arena *arena, struct disk_verdict *verdict,
                                                          const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    list_append(arena, &verdict->problems, arena_copy_string(arena, text));
    return false;
}

static bool all_zero(const uint8_t *data, size_t size)
{
    return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

/* Reads the trailer and checks what can be checked of it alone. */
static bool read_trailer(struct arena *arena, int disk, struct disk_verdict *verdict, struct disk_trailer *trailer)
{
    uint8_t block[DISK_BLOCK_SIZE];
    if (verdict->size < sizeof(block) || verdict->size % DISK_BLOCK_SIZE != 0) {
        return problem(arena, verdict, "the boot partition's size is not a multiple of 4096 bytes");
    }
    if (!disk_read(disk, verdict->offset + verdict->size - sizeof(block), block, sizeof(block))) {
        return problem(arena, verdict, "the boot partition's last block cannot be read; is the disk cut short?");
    }
    memcpy(trailer, block, sizeof(*trailer));
    if (memcmp(trailer->magic, DISK_MAGIC, sizeof(trailer->magic)) != 0) {
        return problem(arena, verdict, "the boot partition's last block does not begin with " DISK_MAGIC);
    }
    if (trailer->version != DISK_VERSION) {
        return problem(arena, verdict, "the boot partition's format has version %u; this tool knows %u",
                       trailer->version, DISK_VERSION);
    }
    if (trailer->reserved != 0 || !all_zero(block + sizeof(*trailer), sizeof(block) - sizeof(*trailer))) {
        return problem(arena, verdict, "the boot partition's last block has something where zeros belong");
    }
    if (trailer->partition_size != verdict->size) {
        return problem(arena, verdict, "the boot partition has %" PRIu64 " bytes, and should have %" PRIu64,
                       verdict->size, trailer->partition_size);
    }
    if (trailer->manifest_size == 0 || trailer->manifest_size > MANIFEST_MAX_SIZE || trailer->signatures_size == 0 ||
        trailer->signatures_size > MANIFEST_MAX_SIGNATURES ||
        !disk_partition_lay_out(verdict->size, trailer->manifest_size, trailer->signatures_size, &verdict->partition)) {
        return problem(arena, verdict, "the sizes of manifest and signatures are wrong");
    }
    return true;
}

/* Reads the manifest, and says who vouches for it. */
static bool read_manifest(struct arena *arena, int disk, const struct trust_anchor *anchor,
                          const struct disk_trailer *trailer, struct disk_verdict *verdict)
{
    const struct disk_partition *partition = &verdict->partition;
    size_t size = (size_t)(verdict->size - DISK_BLOCK_SIZE - partition->manifest_offset);
    size_t used = (size_t)trailer->manifest_size + trailer->signatures_size;
    uint8_t *bytes = arena_allocate(arena, size);
    struct manifest *manifest = &verdict->manifest;
    struct manifest_signatures signatures;
    struct manifest_problem wrong = {0};
    if (!disk_read(disk, verdict->offset + partition->manifest_offset, bytes, size)) {
        return problem(arena, verdict, "the manifest cannot be read");
    }
    if (!manifest_parse(bytes, trailer->manifest_size, 0, manifest, &wrong)) {
        return problem(arena, verdict, "the manifest is refused: %s", manifest_error_text(wrong.error));
    }
    if (manifest->kind != MANIFEST_KIND_DISK) {
        return problem(arena, verdict, "the manifest is not a disk's");
    }
    verdict->manifest_present = true;
    if (!manifest_signatures_parse(bytes + trailer->manifest_size, trailer->signatures_size, manifest, &signatures,
                                   &wrong) ||
        !manifest_verify(manifest, bytes, trailer->manifest_size, &signatures, anchor, &verdict->pair, &wrong)) {
        verdict->pair = NULL;
        return problem(arena, verdict, "%s", manifest_error_text(wrong.error));
    }
    if (!all_zero(bytes + used, size - used)) {
        return problem(arena, verdict, "something follows the signatures where zeros belong");
    }
    if (manifest->image_count != 1 || strcmp(manifest->images[0].name, DISK_IMAGE_NAME) != 0 ||
        manifest->images[0].offset != 0 || manifest->images[0].size != partition->shape.data_size) {
        return problem(arena, verdict, "the manifest does not describe this partition");
    }
    return true;
}

/* What lies between the tree and the manifest: at most some blocks. */
static bool check_gap(struct arena *arena, int disk, struct disk_verdict *verdict)
{
    uint8_t block[DISK_BLOCK_SIZE];
    const struct disk_partition *partition = &verdict->partition;
    uint64_t at = partition->tree_offset + partition->shape.tree_blocks * DISK_BLOCK_SIZE;
    for (; at < partition->manifest_offset; at += DISK_BLOCK_SIZE) {
        if (!disk_read(disk, verdict->offset + at, block, sizeof(block)) || !all_zero(block, sizeof(block))) {
            return problem(arena, verdict, "block %" PRIu64 " of the boot partition is not zeros",
                           at / DISK_BLOCK_SIZE);
        }
    }
    return true;
}

static bool check_blocks(struct arena *arena, int disk, const struct disk_trailer *trailer, bool progress,
                         struct disk_verdict *verdict)
{
    struct merkle_reader *reader = ARENA_NEW(arena, struct merkle_reader);
    struct source source = {
        .disk = disk, .data = verdict->offset, .tree = verdict->offset + verdict->partition.tree_offset};
    const struct merkle_shape *shape = &verdict->partition.shape;
    uint8_t block[DISK_BLOCK_SIZE];
    enum merkle_result result = MERKLE_OK;
    if (!merkle_reader_start(reader, shape->data_size, trailer->salt, verdict->manifest.images[0].hash, read_source,
                             &source)) {
        return problem(arena, verdict, "the data's size is wrong");
    }
    for (uint64_t i = 0; i < shape->data_blocks && result == MERKLE_OK; i++) {
        if (progress && i % 0x2000 == 0) {
            fprintf(stderr, "\rchecking %3" PRIu64 " %%", i * 100 / shape->data_blocks);
        }
        result = merkle_read_block(reader, i, block);
        verdict->good_blocks += result == MERKLE_OK;
    }
    if (progress) {
        fprintf(stderr, "\r\033[K");
    }
    uint64_t tree_block = verdict->partition.tree_offset / DISK_BLOCK_SIZE + reader->wrong_tree_block;
    switch (result) {
    case MERKLE_OK:
        return true;
    case MERKLE_DATA_WRONG:
        return problem(arena, verdict, "block %" PRIu64 " of the boot partition is not what was signed",
                       verdict->good_blocks);
    case MERKLE_DATA_UNREADABLE:
        return problem(arena, verdict, "block %" PRIu64 " of the boot partition cannot be read", verdict->good_blocks);
    case MERKLE_TREE_WRONG:
        return problem(arena, verdict,
                       "block %" PRIu64 " of the boot partition, in the Merkle tree, is not what was "
                       "signed",
                       tree_block);
    default:
        return problem(arena, verdict, "block %" PRIu64 " of the boot partition, in the Merkle tree, cannot be read",
                       tree_block);
    }
}

/* The boot partition: on a disk, or the file is one. */
static bool find_partition(struct arena *arena, const char *path, int disk, uint64_t *offset, uint64_t *size,
                           const char **reason)
{
    char magic[8];
    if (disk_table_find(arena, path, DISK_PARTITION_TYPE, offset, size, reason)) {
        return true;
    }
    off_t end = lseek(disk, 0, SEEK_END);
    *offset = 0;
    *size = end < 0 ? 0 : (uint64_t)end;
    return *size >= DISK_BLOCK_SIZE && disk_read(disk, *size - DISK_BLOCK_SIZE, magic, sizeof(magic)) &&
           memcmp(magic, DISK_MAGIC, sizeof(magic)) == 0;
}

bool disk_verify(struct arena *arena, const char *path, const struct trust_anchor *anchor, bool progress,
                 struct disk_verdict *verdict, const char **reason)
{
    struct disk_trailer trailer = {0};
    int disk = open(path, O_RDONLY | O_CLOEXEC);
    memset(verdict, 0, sizeof(*verdict));
    if (disk < 0) {
        *reason = arena_copy_string(arena, strerror(errno));
        return false;
    }
    bool found = find_partition(arena, path, disk, &verdict->offset, &verdict->size, reason);
    if (found && read_trailer(arena, disk, verdict, &trailer) &&
        read_manifest(arena, disk, anchor, &trailer, verdict) && check_gap(arena, disk, verdict)) {
        check_blocks(arena, disk, &trailer, progress, verdict);
    }
    close(disk);
    return found;
}

bool is_skyscope_disk(struct arena *arena, const char *path)
{
    const char *reason = NULL;
    uint64_t offset, size;
    int disk = open(path, O_RDONLY | O_CLOEXEC);
    bool found = disk >= 0 && find_partition(arena, path, disk, &offset, &size, &reason);
    if (disk >= 0) {
        close(disk);
    }
    return found;
}
