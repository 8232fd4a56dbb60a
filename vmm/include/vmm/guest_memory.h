/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest RAM through checked accessors only. A device never computes a host
 * pointer: it asks for a slice and gets one or NULL.
 *
 * The guest changes its memory while we look at it: copy what decides anything
 * (guest_read) once, check the copy, use the copy.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skyscope/types.h>
#include <skyscope/vm_config.h>

#define GUEST_MAX_IMAGES 24u

struct guest_memory {
    struct vm_ram_range ranges[VM_MAX_RAM_RANGES];
    uint32_t count;
    /* What lies in guest-physical memory besides and can only be read, by us too: images. Not RAM; but programs of the
     * guest may have devices read from there as from their other memory. */
    struct vm_ram_range images[GUEST_MAX_IMAGES];
    uint32_t image_count;
};

/* Pointer to [gpa, gpa + length) if it lies within one range of guest RAM; else
 * NULL. length 0 is NULL too. */
void *guest_slice(const struct guest_memory *memory, gpa_t gpa, uint64_t length);
/* The same for reading only: within one range of guest RAM, or within one image. */
const void *guest_readable_slice(const struct guest_memory *memory, gpa_t gpa, uint64_t length);
/* An image of `size` bytes at `address`, which the guest sees at `gpa`. False: there are too many. */
bool guest_add_image(struct guest_memory *memory, gpa_t gpa, const void *address, uint64_t size);
/* Copies; may span ranges. False, and nothing copied, if any byte is not RAM. */
bool guest_read(const struct guest_memory *memory, gpa_t gpa, void *to, uint64_t length);
bool guest_write(const struct guest_memory *memory, gpa_t gpa, const void *from, uint64_t length);
bool guest_zero(const struct guest_memory *memory, gpa_t gpa, uint64_t length);
/* Bytes of RAM in all. */
uint64_t guest_memory_size(const struct guest_memory *memory);
