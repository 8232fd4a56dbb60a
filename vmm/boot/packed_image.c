/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packed image is one block of LZ4, so that the only history that unpacking
 * needs is what it has unpacked: it lies in the guest's memory already. (Who
 * changes that meanwhile, a device for instance, changes what the guest gets,
 * and nothing else: LZ4 checks every distance against the start of its output.)
 */
#include <lz4.h>

#include <base/memory.h>

#include <vmm/packed_image.h>

/* LZ4's sizes are ints. */
static bool possible(const struct vm_image *image)
{
    return image->size != 0 && image->size <= LZ4_MAX_INPUT_SIZE && image->unpacked_size <= LZ4_MAX_INPUT_SIZE;
}

uint64_t image_size(const struct vm_image *image)
{
    return image->unpacked_size != 0 ? image->unpacked_size : image->size;
}

bool image_read_start(const struct vm_image *image, void *to, uint32_t size)
{
    const void *from = (const void *)(uintptr_t)image->address;
    if (size > image_size(image)) {
        return false;
    }
    if (image->unpacked_size == 0) {
        memcpy(to, from, size);
        return true;
    }
    return possible(image) &&
           LZ4_decompress_safe_partial(from, to, (int)image->size, (int)size, (int)size) == (int)size;
}

bool image_read(const struct vm_image *image, void *to)
{
    const void *from = (const void *)(uintptr_t)image->address;
    if (image->unpacked_size == 0) {
        memcpy(to, from, image->size);
        return true;
    }
    return possible(image) &&
           LZ4_decompress_safe(from, to, (int)image->size, (int)image->unpacked_size) == (int)image->unpacked_size;
}
