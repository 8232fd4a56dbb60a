/* SPDX-License-Identifier: BSD-2-Clause */
/* Warnings and a fake machine's memory. */
#include "support.h"

unsigned int warning_count;
char last_warning[256];

void forget_warnings(void)
{
    warning_count = 0;
    last_warning[0] = '\0';
}

void log_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_warning, sizeof(last_warning), format, arguments);
    va_end(arguments);
    warning_count++;
}

static const void *fake_at(const struct physical_memory *memory, uint64_t address, uint64_t size)
{
    const struct fake_memory *fake = (const struct fake_memory *)(const void *)memory;
    for (unsigned int i = 0; i < fake->count; i++) {
        uint64_t offset = address - fake->areas[i].address;
        if (address >= fake->areas[i].address && offset <= fake->areas[i].size &&
            size <= fake->areas[i].size - offset) {
            return fake->areas[i].bytes + offset;
        }
    }
    return NULL;
}

void fake_memory_start(struct fake_memory *fake)
{
    fake->memory.at = fake_at;
    fake->count = 0;
}

void fake_memory_end(struct fake_memory *fake)
{
    for (unsigned int i = 0; i < fake->count; i++) {
        free(fake->areas[i].bytes);
    }
    fake->count = 0;
}

uint8_t *fake_memory_add(struct fake_memory *fake, uint64_t address, const void *bytes, uint64_t size)
{
    assert_true(fake->count < FAKE_AREAS);
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    if (bytes != NULL) {
        memcpy(copy, bytes, size);
    } else {
        memset(copy, 0, size);
    }
    fake->areas[fake->count].address = address;
    fake->areas[fake->count].size = size;
    fake->areas[fake->count++].bytes = copy;
    return copy;
}

void put_u16(uint8_t *p, uint16_t value)
{
    memcpy(p, &value, sizeof(value));
}

void put_u32(uint8_t *p, uint32_t value)
{
    memcpy(p, &value, sizeof(value));
}

void put_u64(uint8_t *p, uint64_t value)
{
    memcpy(p, &value, sizeof(value));
}
