/* SPDX-License-Identifier: BSD-2-Clause */
/* GUID partition tables, by libfdisk. */
#include <crypto/hash.h>
#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <string.h>
#include <strings.h>
#include <tool/disk.h>

#define MIB             0x100000ull
#define EFI_SYSTEM_SIZE (64 * MIB) /* FAT32, which some firmware wants on a disk */

void disk_layout_make(uint64_t boot_size, bool bios, struct disk_layout *layout)
{
    *layout = (struct disk_layout){
        .bios_offset = MIB,
        .bios_size = bios ? MIB : 0,
        .efi_offset = 2 * MIB,
        .efi_size = EFI_SYSTEM_SIZE,
        .boot_offset = 2 * MIB + EFI_SYSTEM_SIZE,
        .boot_size = boot_size,
        .total_size = 2 * MIB + EFI_SYSTEM_SIZE + boot_size + MIB, /* the last: the table's copy */
    };
}

/* A GUID (version 8: made in a way of our own) that the same image always gets. */
static const char *guid_of(struct arena *arena, const char *identity, const char *what)
{
    uint8_t h[HASH_SHA512_SIZE];
    const char *text = arena_format(arena, "skyscope disk %s %s", identity, what);
    hash_sha512(text, strlen(text), h);
    return arena_format(arena, "%02X%02X%02X%02X-%02X%02X-8%01X%02X-A%01X%02X-%02X%02X%02X%02X%02X%02X", h[0], h[1],
                        h[2], h[3], h[4], h[5], h[6] & 15u, h[7], h[8] & 15u, h[9], h[10], h[11], h[12], h[13], h[14],
                        h[15]);
}

static int add(struct arena *arena, struct fdisk_context *context, size_t number, uint64_t offset, uint64_t size,
               const char *type, const char *name, const char *identity)
{
    struct fdisk_partition *partition = fdisk_new_partition();
    struct fdisk_parttype *parttype = fdisk_label_parse_parttype(fdisk_get_label(context, NULL), type);
    int error = -ENOMEM;
    if (partition != NULL && parttype != NULL) {
        fdisk_partition_set_partno(partition, number);
        fdisk_partition_set_start(partition, offset / DISK_SECTOR_SIZE);
        fdisk_partition_set_size(partition, size / DISK_SECTOR_SIZE);
        fdisk_partition_size_explicit(partition, 1);
        fdisk_partition_set_type(partition, parttype);
        fdisk_partition_set_name(partition, name);
        fdisk_partition_set_uuid(partition, guid_of(arena, identity, name));
        error = fdisk_add_partition(context, partition, NULL);
    }
    fdisk_unref_parttype(parttype);
    fdisk_unref_partition(partition);
    return error;
}

static int write_table(struct arena *arena, struct fdisk_context *context, const struct disk_layout *layout,
                       const char *identity)
{
    static const size_t boot_number = 2;
    int error = fdisk_create_disklabel(context, "gpt");
    if (error == 0) {
        error = fdisk_set_disklabel_id_from_string(context, guid_of(arena, identity, "disk"));
    }
    if (error == 0 && layout->bios_size != 0) {
        error = add(arena, context, 0, layout->bios_offset, layout->bios_size, DISK_BIOS_BOOT_TYPE, "GRUB", identity);
    }
    if (error == 0) {
        error =
            add(arena, context, 1, layout->efi_offset, layout->efi_size, DISK_EFI_SYSTEM_TYPE, "EFI system", identity);
    }
    if (error == 0) {
        error = add(arena, context, boot_number, layout->boot_offset, layout->boot_size, DISK_PARTITION_TYPE,
                    "Skyscope", identity);
    }
    if (error == 0) {
        error = fdisk_gpt_set_partition_attrs(context, boot_number, DISK_PARTITION_READ_ONLY);
    }
    return error == 0 ? fdisk_write_disklabel(context) : error;
}

bool disk_table_write(struct arena *arena, const char *path, const struct disk_layout *layout, const char *identity,
                      const char **reason)
{
    struct fdisk_context *context = fdisk_new_context();
    int error = context == NULL ? -ENOMEM : fdisk_assign_device(context, path, 0);
    if (error == 0) {
        error = write_table(arena, context, layout, identity);
        int closed = fdisk_deassign_device(context, 1);
        error = error == 0 ? closed : error;
    }
    fdisk_unref_context(context);
    if (error != 0) {
        *reason =
            arena_format(arena, "the partition table cannot be written: %s", strerror(error < 0 ? -error : error));
    }
    return error == 0;
}

static bool find_in_table(struct fdisk_context *context, const char *wanted, uint64_t *offset, uint64_t *size)
{
    bool found = false;
    for (size_t i = 0; !found && i < fdisk_get_npartitions(context); i++) {
        struct fdisk_partition *partition = NULL;
        if (fdisk_get_partition(context, i, &partition) != 0) {
            continue;
        }
        struct fdisk_parttype *type = fdisk_partition_get_type(partition);
        const char *text = type == NULL ? NULL : fdisk_parttype_get_string(type);
        if (text != NULL && strcasecmp(text, wanted) == 0 && fdisk_partition_has_start(partition) &&
            fdisk_partition_has_size(partition)) {
            uint64_t sector = fdisk_get_sector_size(context);
            *offset = fdisk_partition_get_start(partition) * sector;
            *size = fdisk_partition_get_size(partition) * sector;
            found = true;
        }
        fdisk_unref_partition(partition);
    }
    return found;
}

bool disk_table_find(struct arena *arena, const char *path, const char *type, uint64_t *offset, uint64_t *size,
                     const char **reason)
{
    struct fdisk_context *context = fdisk_new_context();
    int error = context == NULL ? -ENOMEM : fdisk_assign_device(context, path, 1);
    bool found = false;
    if (error != 0) {
        *reason = arena_copy_string(arena, strerror(error < 0 ? -error : error));
    } else {
        found = fdisk_is_label(context, GPT) && find_in_table(context, type, offset, size);
        *reason = found ? NULL : "there is no GUID partition table with such a partition";
        fdisk_deassign_device(context, 1);
    }
    fdisk_unref_context(context);
    return found;
}
