/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of any kind unpacked into memory of exactly the size that the configuration says. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lz4.h>

#include <vmm/packed_image.h>

#define HEADER_BYTES 4u
#define START        64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *allocate(size_t size)
{
    uint8_t *memory = malloc(size != 0 ? size : 1);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* expected: what a good image has to give, as its start and as a whole; NULL: it may be bad, and then give anything. */
static bool unpack(const uint8_t *bytes, size_t size, uint64_t unpacked_size, const uint8_t *expected)
{
    uint8_t *copy = allocate(size), *to = allocate(unpacked_size), start[START];
    memcpy(copy, bytes, size);
    struct vm_image image = {.address = (uintptr_t)copy, .size = size, .unpacked_size = unpacked_size};
    bool started = image_read_start(&image, start, START);
    bool good = image_read(&image, to);
    uint64_t whole = image_size(&image);
    if ((started && whole < START) ||
        (expected != NULL && (!good || memcmp(to, expected, whole) != 0 || started != (whole >= START) ||
                              (started && memcmp(start, expected, START) != 0)))) {
        abort();
    }
    free(to);
    free(copy);
    return good;
}

/* Bytes 0..1 the unpacked size, 2 what to do, 3 a byte to change; then the stream, or what is packed first. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER_BYTES) {
        return 0;
    }
    const uint8_t *bytes = data + HEADER_BYTES;
    size -= HEADER_BYTES;
    if ((data[2] & 1) == 0) {
        unpack(bytes, size, 1u + (uint64_t)(data[0] | data[1] << 8), NULL);
        return 0;
    }
    if (size == 0) {
        return 0;
    }
    int capacity = LZ4_compressBound((int)size);
    uint8_t *packed = allocate((size_t)capacity);
    int packed_size = LZ4_compress_default((const char *)bytes, (char *)packed, (int)size, capacity);
    if (packed_size <= 0 || !unpack(packed, (size_t)packed_size, size, bytes)) {
        abort();
    }
    packed[(uint32_t)(data[0] | data[1] << 8) % (uint32_t)packed_size] = data[3];
    unpack(packed, (size_t)packed_size, size, NULL);
    free(packed);
    return 0;
}
