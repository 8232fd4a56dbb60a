/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests' images, which the tool may have packed by LZ4. Nothing in them is
 * believed: unpacking reads and writes within the given bounds, whatever the
 * bytes say, and takes memory for nothing but the result.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/vm_config.h>

/* Bytes of the image as the guest sees it. */
uint64_t image_size(const struct vm_image *image);

/* Copies its first `size` bytes. False if it has not so many, or is damaged before their end. */
bool image_read_start(const struct vm_image *image, void *to, uint32_t size);

/* Copies or unpacks the whole of it to `to`, where image_size() bytes are. What is left there if it is damaged is not
 * defined. False: it is damaged, or has another size than the configuration says. */
bool image_read(const struct vm_image *image, void *to);
