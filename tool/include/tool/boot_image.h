/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRUB for one system: an image for UEFI and, on x86-64, one for BIOS. Each has in it all
 * that GRUB uses (modules, configuration, and our loader, in a memory disk), so
 * that nothing of it can be changed apart from the image; the payload alone is
 * read from the medium, and the loader verifies that. The image for UEFI can be
 * signed for Secure Boot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <tool/arena.h>
#include <tool/boot_tools.h>
#include <tool/file.h>
#include <tool/target.h>

/* Where the payload lies on its volume. */
#define BOOT_IMAGE_PAYLOAD_DIRECTORY "boot/skyscope"
#define BOOT_IMAGE_PAYLOAD           BOOT_IMAGE_PAYLOAD_DIRECTORY "/payload.bin"

struct boot_image_request {
    const struct target *target; /* the machine that it is for */
    const struct blob *loader, *payload;
    uint64_t timeout;                                      /* seconds that GRUB's menu waits */
    const char *secure_boot_key, *secure_boot_certificate; /* PEM files; NULL: not signed */
};

struct boot_images {
    const struct target *target;
    const char
        *bios_core;  /* path of GRUB's core image for BIOS: begins with the sector that loads the rest; NULL: none */
    const char *efi; /* path of GRUB for UEFI, an EFI application */
    const char *identity; /* hexadecimal digits that tell this payload from others */
};

/* The loader that starts a payload: from the path, or if that is NULL the one built with this tool, which must be for
 * the payload's machine. NULL: reported. */
struct blob *boot_loader_read(struct arena *arena, const char *path, const struct blob *payload,
                              const struct target **target);

/* Machine of an ISO or disk image, by what its EFI system partition starts. NULL: not known. */
const struct target *boot_image_find_target(struct arena *arena, const char *path);

/* Warns on standard error if the loader would refuse to start the payload, or trusts nobody. The image can be made
 * all the same: to see it refused, or to provision the loader in another way. */
void boot_image_warn(struct arena *arena, const struct boot_image_request *request);

/* Makes the images in tools->directory. False: reported. */
bool boot_images_make(struct arena *arena, const struct boot_tools *tools, const struct boot_image_request *request,
                      struct boot_images *images);

/* Makes an EFI system partition, FAT, with the image in it under the name that the firmware starts. size: bytes, 0: as
 * large as needed. False: reported. */
bool efi_partition_make(struct arena *arena, const struct boot_tools *tools, const struct boot_images *images,
                        uint64_t size, const char *path);

/* Fills a directory with the files of the volume that GRUB reads: the payload, and a file named after its
 * identity, by which GRUB finds the volume. False: reported. */
bool payload_tree_make(struct arena *arena, const struct boot_image_request *request, const struct boot_images *images,
                       const char *root);
