/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot protocols of the Arm machine share (boot/arm64_layout.c, boot/arm64_device_tree.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/vm_config.h>

struct vm;

/* Room that a guest's device tree gets, which may fill nodes in (Linux takes 2 MiB at most). */
#define BOOT_DEVICE_TREE_SIZE 0x200000ull

/* What the VMM adds to the device tree's /chosen. */
struct boot_chosen {
    const char *command_line;
    uint64_t initrd, initrd_size; /* guest-physical; size 0: none */
    bool random;                  /* there are random numbers: */
    uint8_t rng_seed[64];
    uint8_t kaslr_seed[8];
};

/* End of the range of RAM that `address` lies in; 0: it is not RAM. */
uint64_t boot_ram_end(const struct vm *vm, uint64_t address);
/* Puts an image into guest memory so that a guest without caches sees it. False if that is not RAM, or the image cannot
 * be unpacked. */
bool boot_put_image(struct vm *vm, uint64_t to, const struct vm_image *image);
/* The configured device tree for this machine's GIC; address 0: there is none. */
const struct vm_image *boot_device_tree(const struct vm *vm);
/* Puts the guest's device tree, with *chosen and the configured memory, at a guest-physical address, where
 * BOOT_DEVICE_TREE_SIZE bytes are free. NULL, or why not. */
const char *boot_write_device_tree(struct vm *vm, uint64_t address, const struct boot_chosen *chosen);
