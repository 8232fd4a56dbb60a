/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/boot_source.h>

#include <base/format.h>

int error_set(struct loader_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return 0;
}

bool physical_string(const struct physical_memory *memory, uint64_t address, char *text, uint32_t size)
{
    for (uint32_t i = 0; i + 1 < size; i++) {
        const char *c = address + i < address ? 0 : physical_at(memory, address + i, 1);
        if (c == 0) {
            text[0] = '\0';
            return false;
        }
        text[i] = *c;
        if (*c == '\0') {
            return true;
        }
        if (*c < ' ' || *c > '~') {
            text[i] = '?';
        }
    }
    text[size - 1] = '\0';
    return true;
}

bool boot_add_memory(struct boot_source *source, uint64_t base, uint64_t size, uint32_t kind)
{
    if (size == 0) {
        return true;
    }
    if (source->memory_count >= BOOT_MAX_MEMORY_RANGES) {
        log_warning("the boot loader's memory map has more than %u entries", BOOT_MAX_MEMORY_RANGES);
        return false;
    }
    source->memory[source->memory_count++] = (struct memory_range){.base = base, .size = size, .kind = kind};
    return true;
}

bool boot_add_module(struct boot_source *source, uint64_t address, uint64_t size)
{
    if (source->module_count >= BOOT_MAX_MODULES) {
        log_warning("more than %u modules", BOOT_MAX_MODULES);
        return false;
    }
    source->modules[source->module_count++] = (struct boot_module){.address = address, .size = size};
    return true;
}

static bool overlap(uint64_t base, uint64_t size, uint64_t other_base, uint64_t other_size)
{
    return base < other_base ? other_base - base < size : base - other_base < other_size;
}

bool boot_is_memory(const struct boot_source *source, uint64_t base, uint64_t size)
{
    for (uint32_t i = 0; i < source->memory_count; i++) {
        const struct memory_range *range = &source->memory[i];
        if (range->kind == HARDWARE_MEMORY_USABLE && overlap(base, size, range->base, range->size)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < source->module_count; i++) {
        if (overlap(base, size, source->modules[i].address, source->modules[i].size)) {
            return true;
        }
    }
    return false;
}
