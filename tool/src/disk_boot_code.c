/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRUB for BIOS on a disk: its boot sector's code is in the first sector, in front
 * of the protective partition table; it loads the first sector of the core image,
 * which loads the rest. Both have a field that tells where to (GRUB 2.06,
 * include/grub/i386/pc/boot.h: GRUB_BOOT_MACHINE_KERNEL_SECTOR, and the block list
 * at the end of diskboot.img, whose length grub-mkimage has filled in).
 */
#include <string.h>
#include <tool/disk.h>
#include <tool/file.h>

#define BOOT_SECTOR       "/usr/lib/grub/i386-pc/boot.img"
#define BOOT_CODE_SIZE    440u /* behind it are the disk's signature and the partition table */
#define CORE_SECTOR_FIELD 0x5cu
#define BLOCK_LIST_FIELD  0x1f4u /* of the core image: sector, length, segment */
#define BLOCK_LIST_LENGTH (BLOCK_LIST_FIELD + 8)

static void put_sector(uint8_t *at, uint64_t sector)
{
    for (unsigned int i = 0; i < 8; i++) {
        at[i] = (uint8_t)(sector >> (8 * i));
    }
}

bool disk_boot_code_write(struct arena *arena, int disk, const struct disk_layout *layout, const char *core_path,
                          const char **reason)
{
    struct blob *boot = read_file(arena, BOOT_SECTOR, FILE_MAX_SIZE, reason);
    struct blob *core = boot == NULL ? NULL : read_file(arena, core_path, FILE_MAX_SIZE, reason);
    uint64_t sector = layout->bios_offset / DISK_SECTOR_SIZE;
    if (core == NULL) {
        return false;
    }
    if (boot->size != DISK_SECTOR_SIZE || core->size <= DISK_SECTOR_SIZE || core->size > layout->bios_size) {
        *reason = "GRUB's boot sector or core image has an unexpected size";
        return false;
    }
    size_t sectors = (core->size + DISK_SECTOR_SIZE - 1) / DISK_SECTOR_SIZE - 1;
    size_t stated = core->data[BLOCK_LIST_LENGTH] | (size_t)core->data[BLOCK_LIST_LENGTH + 1] << 8;
    if (stated != sectors) {
        *reason =
            arena_format(arena, "GRUB's core image says that it has %zu sectors, and it has %zu", stated, sectors);
        return false;
    }
    put_sector(boot->data + CORE_SECTOR_FIELD, sector);
    put_sector(core->data + BLOCK_LIST_FIELD, sector + 1);
    if (!disk_write(disk, 0, boot->data, BOOT_CODE_SIZE) ||
        !disk_write(disk, layout->bios_offset, core->data, core->size)) {
        *reason = "GRUB for BIOS cannot be written";
        return false;
    }
    return true;
}
