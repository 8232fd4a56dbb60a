/* SPDX-License-Identifier: BSD-2-Clause */
/* Disk images: partitions, boot code, and the boot partition under its Merkle tree. */
#pragma once

#include <crypto/manifest.h>
#include <crypto/merkle.h>
#include <skyscope/disk.h>
#include <stdbool.h>
#include <stdint.h>
#include <tool/key_directory.h>

#define DISK_SECTOR_SIZE 512u

/* --- Partition table (disk_table.c) --- */

/* Where partitions lie on a disk that we make; bytes. */
struct disk_layout {
    uint64_t bios_offset, bios_size; /* GRUB for BIOS; size 0: none */
    uint64_t efi_offset, efi_size;   /* EFI system partition */
    uint64_t boot_offset, boot_size; /* the boot partition */
    uint64_t total_size;
};
/* boot_size: bytes, a multiple of 1 MiB. bios: the machine has one. */
void disk_layout_make(uint64_t boot_size, bool bios, struct disk_layout *layout);
/* Writes the partition table into a file of the right size. identity: text from which the GUIDs are made.
 * False: *reason says why not. */
bool disk_table_write(struct arena *arena, const char *path, const struct disk_layout *layout, const char *identity,
                      const char **reason);
/* Types of partitions. */
#define DISK_BIOS_BOOT_TYPE  "21686148-6449-6E6F-744E-656564454649"
#define DISK_EFI_SYSTEM_TYPE "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"

/* Looks for the first partition of a type. False: there is none, or no partition table, or it cannot be read, which
 * *reason says. */
bool disk_table_find(struct arena *arena, const char *path, const char *type, uint64_t *offset, uint64_t *size,
                     const char **reason);

/* --- Boot code for BIOS (disk_boot_code.c) --- */

/* Writes GRUB's boot sector and core image to a disk whose partition table is there already. False: *reason says
 * why not. */
bool disk_boot_code_write(struct arena *arena, int disk, const struct disk_layout *layout, const char *core_path,
                          const char **reason);

/* --- Boot partition (disk_partition.c) --- */

/* Where things lie in a boot partition; bytes from its start. */
struct disk_partition {
    struct merkle_shape shape;
    uint64_t size, tree_offset, manifest_offset;
};
/* Lays out a partition with room for manifest and signatures. False: it is too small for any data. */
bool disk_partition_lay_out(uint64_t size, uint64_t manifest_size, uint64_t signatures_size,
                            struct disk_partition *partition);

struct disk_identity {
    const char *system_name;
    uint64_t rollback_index, creation_time;
    uint8_t salt[MERKLE_SALT_SIZE];
};
/* Builds the tree over what is in the partition already, content_size bytes, and writes it, the manifest and the
 * trailer. progress: show it on the terminal. False: *reason says why not. */
bool disk_partition_seal(struct arena *arena, int disk, const struct disk_layout *layout,
                         const struct disk_identity *identity, const struct signing_pair *pair, uint64_t content_size,
                         bool progress, const char **reason);

/* --- Verifying (disk_verify.c) --- */

struct disk_verdict {
    uint64_t offset, size; /* of the boot partition, bytes */
    struct disk_partition partition;
    struct manifest manifest;
    bool manifest_present;
    const struct trust_pair *pair; /* the anchor's pair that vouches; NULL: none */
    uint64_t good_blocks;          /* of data */
    bool payload_right;            /* of disk_verify_content() */
    bool loader_found, loader_right;
    struct list problems; /* char *, empty: all is right */
};
/* Reads every block of a disk, an image of one or a boot partition alone, through the tree; at the first wrong
 * block it ends. False: *reason says why it cannot be read, else the verdict tells. */
bool disk_verify(struct arena *arena, const char *path, const struct trust_anchor *anchor, bool progress,
                 struct disk_verdict *verdict, const char **reason);
/* After that, of a disk in order: whether the payload in its volume is what the anchor's owner signed, and whether
 * the loader in its EFI system partition, if that is there, has the same trust anchor. Adds to the verdict. */
void disk_verify_content(struct arena *arena, const char *path, const struct trust_anchor *anchor,
                         struct disk_verdict *verdict);
/* Whether there is a disk, with a boot partition of ours, or a boot partition alone. */
bool is_skyscope_disk(struct arena *arena, const char *path);
/* What `skyscope verify` does with one. Returns the exit status. */
int verify_disk(struct arena *arena, const char *path, const struct trust_anchor *anchor, bool json);

/* --- Files (disk_file.c) --- */

/* All of size bytes at offset, or false. */
bool disk_read(int disk, uint64_t offset, void *data, size_t size);
bool disk_write(int disk, uint64_t offset, const void *data, size_t size);
/* Copies a file to offset, where zeros are, leaving out the zeros that it has. *size: its bytes. False: *reason says
 * why not. */
bool disk_copy_file(struct arena *arena, int disk, uint64_t offset, uint64_t room, const char *path, uint64_t *size,
                    const char **reason);
