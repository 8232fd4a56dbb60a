/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/guest_memory.h>

#include <base/memory.h>

static void *slice(const struct vm_ram_range *ranges, uint32_t count, uint64_t gpa, uint64_t length)
{
    if (length == 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct vm_ram_range *range = &ranges[i];
        uint64_t offset = gpa - range->gpa;
        /* An address below the range wraps to a large offset. */
        if (offset < range->size && length <= range->size - offset) {
            return (void *)(uintptr_t)(range->address + offset);
        }
    }
    return NULL;
}

void *guest_slice(const struct guest_memory *memory, gpa_t gpa, uint64_t length)
{
    return slice(memory->ranges, memory->count, gpa.value, length);
}

const void *guest_readable_slice(const struct guest_memory *memory, gpa_t gpa, uint64_t length)
{
    const void *ram = guest_slice(memory, gpa, length);
    return ram != NULL ? ram : slice(memory->images, memory->image_count, gpa.value, length);
}

bool guest_add_image(struct guest_memory *memory, gpa_t gpa, const void *address, uint64_t size)
{
    if (memory->image_count == GUEST_MAX_IMAGES) {
        return false;
    }
    memory->images[memory->image_count++] =
        (struct vm_ram_range){.gpa = gpa.value, .address = (uintptr_t)address, .size = size};
    return true;
}

/* The part of [gpa, gpa + length) up to the end of the range that gpa lies in. */
static void *leading_part(const struct guest_memory *memory, uint64_t gpa, uint64_t length, uint64_t *part)
{
    for (uint32_t i = 0; i < memory->count; i++) {
        const struct vm_ram_range *range = &memory->ranges[i];
        uint64_t offset = gpa - range->gpa;
        if (offset < range->size) {
            uint64_t room = range->size - offset;
            *part = length < room ? length : room;
            return (void *)(uintptr_t)(range->address + offset);
        }
    }
    return NULL;
}

static bool all_ram(const struct guest_memory *memory, uint64_t gpa, uint64_t length)
{
    if (gpa + length < gpa) {
        return false;
    }
    while (length > 0) {
        uint64_t part;
        if (leading_part(memory, gpa, length, &part) == NULL) {
            return false;
        }
        gpa += part;
        length -= part;
    }
    return true;
}

bool guest_read(const struct guest_memory *memory, gpa_t gpa, void *to, uint64_t length)
{
    if (!all_ram(memory, gpa.value, length)) {
        return false;
    }
    for (uint64_t done = 0, part = 0; done < length; done += part) {
        const void *from = leading_part(memory, gpa.value + done, length - done, &part);
        memcpy((uint8_t *)to + done, from, part);
    }
    return true;
}

bool guest_write(const struct guest_memory *memory, gpa_t gpa, const void *from, uint64_t length)
{
    if (!all_ram(memory, gpa.value, length)) {
        return false;
    }
    for (uint64_t done = 0, part = 0; done < length; done += part) {
        void *to = leading_part(memory, gpa.value + done, length - done, &part);
        memcpy(to, (const uint8_t *)from + done, part);
    }
    return true;
}

bool guest_zero(const struct guest_memory *memory, gpa_t gpa, uint64_t length)
{
    if (!all_ram(memory, gpa.value, length)) {
        return false;
    }
    for (uint64_t done = 0, part = 0; done < length; done += part) {
        void *to = leading_part(memory, gpa.value + done, length - done, &part);
        memset(to, 0, part);
    }
    return true;
}

uint64_t guest_memory_size(const struct guest_memory *memory)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < memory->count; i++) {
        size += memory->ranges[i].size;
    }
    return size;
}
