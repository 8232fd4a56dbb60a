/* SPDX-License-Identifier: BSD-2-Clause */
#include <skyscope/program_seed.h>
#include <string.h>
#include <tool/layout.h>
#include <tool/symbols.h>

/* libmicrokit keeps this many bytes of the PD's name. */
#define MICROKIT_NAME_LENGTH 64u

static void add(struct system *system, struct list *writes, long line, const char *element, const char *name,
                const char *symbol, uint64_t value)
{
    if (symbol == NULL) {
        return;
    }
    struct symbol_write *write = ARENA_NEW(&system->arena, struct symbol_write);
    *write =
        (struct symbol_write){.line = line, .element = element, .attribute = name, .symbol = symbol, .value = value};
    list_append(&system->arena, writes, write);
}

static void collect_channels(struct system *system, const struct pd *pd, struct list *writes)
{
    LIST_FOR (const struct channel, channel, &system->channels) {
        for (uint32_t i = 0; i < channel->end_count; i++) {
            const struct channel_end *end = &channel->ends[i];
            if (end->pd == pd) {
                add(system, writes, end->line, "end", "setvar_id", end->setvar_id, end->id);
            }
        }
    }
}

void symbols_collect(struct system *system, const struct pd *pd, struct list *writes)
{
    LIST_FOR (const struct map, map, &pd->maps) {
        add(system, writes, map->line, "map", "setvar_vaddr", map->setvar_vaddr, map->address);
        add(system, writes, map->line, "map", "setvar_size", map->setvar_size,
            map->region == NULL ? 0 : map->region->size);
        add(system, writes, map->line, "map", "setvar_prefill_size", map->setvar_prefill_size,
            map->region == NULL || map->region->prefill == NULL ? 0 : map->region->prefill->size);
    }
    LIST_FOR (const struct irq, irq, &pd->irqs) {
        add(system, writes, irq->line, "irq", "setvar_id", irq->setvar_id, irq->id);
    }
    LIST_FOR (const struct ioport, port, &pd->ioports) {
        add(system, writes, port->line, "ioport", "setvar_id", port->setvar_id, port->id);
        add(system, writes, port->line, "ioport", "setvar_addr", port->setvar_addr, port->base);
    }
    LIST_FOR (const struct setvar, setvar, &pd->setvars) {
        add(system, writes, setvar->line, "setvar", "symbol", setvar->symbol,
            setvar->region == NULL ? 0 : setvar->region->physical_address);
    }
    LIST_FOR (const struct pd, child, &pd->children) {
        add(system, writes, child->line, "protection_domain", "setvar_id", child->setvar_id, child->child_id);
    }
    if (pd->vm != NULL) {
        LIST_FOR (const struct vcpu, vcpu, &pd->vm->vcpus) {
            add(system, writes, vcpu->line, "vcpu", "setvar_id", vcpu->setvar_id, vcpu->id);
        }
    }
    collect_channels(system, pd, writes);
}

static const struct elf_symbol *lookup(const struct pd *pd, const char *name)
{
    return elf_find_symbol(pd->symbols != NULL ? pd->symbols : pd->image, name);
}

const struct elf_symbol *symbols_seed(const struct pd *pd)
{
    return lookup(pd, PROGRAM_SEED_SYMBOL);
}

static bool is_loaded(const struct elf_image *image, const struct elf_symbol *symbol, uint64_t size)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        if (symbol->address >= segment->address && symbol->address - segment->address <= segment->memory_size &&
            size <= segment->memory_size - (symbol->address - segment->address)) {
            return true;
        }
    }
    return false;
}

/* The loader writes all of it, where nothing else may be. */
static void check_seed(struct system *system, const struct pd *pd)
{
    const struct elf_symbol *symbol =
        pd->image == NULL || (pd->symbols_path != NULL && pd->symbols == NULL) ? NULL : symbols_seed(pd);
    if (symbol == NULL) {
        return;
    }
    bool writable = false;
    for (uint32_t i = 0; i < pd->image->segment_count; i++) {
        const struct elf_segment *segment = &pd->image->segments[i];
        bool inside = symbol->address >= segment->address && segment->memory_size >= sizeof(struct program_seed) &&
                      symbol->address - segment->address <= segment->memory_size - sizeof(struct program_seed);
        writable = writable || (inside && segment->writable);
    }
    if (symbol->size != sizeof(struct program_seed) || symbol->address % PROGRAM_SEED_ALIGNMENT != 0 || !writable) {
        report_error(&system->diagnostics, pd->line,
                     "program '%s' of protection domain '%s' defines '" PROGRAM_SEED_SYMBOL
                     "', but not as the %u bytes of data at a multiple of %u that the loader writes random numbers to; "
                     "link it with libmicrokit, which has it, or use another name",
                     pd->image_path, pd->name, (unsigned int)sizeof(struct program_seed), PROGRAM_SEED_ALIGNMENT);
    }
}

static void check_pd(struct system *system, const struct pd *pd)
{
    struct list writes = {0};
    check_seed(system, pd);
    symbols_collect(system, pd, &writes);
    for (size_t i = 0; i < writes.count; i++) {
        const struct symbol_write *write = writes.items[i];
        for (size_t j = 0; j < i; j++) {
            const struct symbol_write *before = writes.items[j];
            if (strcmp(before->symbol, write->symbol) == 0) {
                report_error(&system->diagnostics, write->line,
                             "<%s> %s=\"%s\" sets a symbol of protection domain '%s' that line %ld sets already; use "
                             "another variable",
                             write->element, write->attribute, write->symbol, pd->name, before->line);
                break;
            }
        }
        if (pd->image == NULL || (pd->symbols_path != NULL && pd->symbols == NULL)) {
            continue;
        }
        const struct elf_symbol *symbol = lookup(pd, write->symbol);
        if (symbol == NULL) {
            report_error(&system->diagnostics, write->line,
                         "<%s> %s=\"%s\": no such symbol in program '%s' of protection domain '%s'; define it there as "
                         "a global uintptr_t or correct the name",
                         write->element, write->attribute, write->symbol, pd->image_path, pd->name);
        } else if (symbol->size != 0 && symbol->size != sizeof(uint64_t)) {
            report_error(&system->diagnostics, write->line,
                         "<%s> %s=\"%s\" has %llu bytes in program '%s'; declare it as a word of 8 bytes (uintptr_t)",
                         write->element, write->attribute, write->symbol, (unsigned long long)symbol->size,
                         pd->image_path);
        } else if (!is_loaded(pd->image, symbol, sizeof(uint64_t))) {
            report_error(&system->diagnostics, write->line,
                         "<%s> %s=\"%s\" is not in a loaded segment of program '%s'; define it as a variable",
                         write->element, write->attribute, write->symbol, pd->image_path);
        }
    }
}

void symbols_check(struct system *system)
{
    LIST_FOR (const struct pd, pd, &system->pds) {
        check_pd(system, pd);
    }
}

/* libmicrokit's variables: a program that never uses one may have had it removed by its linker. */
static void patch_if_present(struct program *program, const struct pd *pd, const char *name, const void *data,
                             uint64_t size)
{
    const struct elf_symbol *symbol = lookup(pd, name);
    if (symbol != NULL) {
        program_patch(program, symbol->address, data, symbol->size != 0 && symbol->size < size ? symbol->size : size);
    }
}

static void patch_microkit(struct system *system, struct program *program, const struct pd *pd)
{
    uint64_t irqs = 0, notifications = 0, calls = 0, ioports = 0;
    LIST_FOR (const struct irq, irq, &pd->irqs) {
        irqs |= 1ull << irq->id;
    }
    LIST_FOR (const struct ioport, port, &pd->ioports) {
        ioports |= 1ull << port->id;
    }
    LIST_FOR (const struct channel, channel, &system->channels) {
        for (uint32_t i = 0; i < 2; i++) {
            const struct channel_end *end = &channel->ends[i];
            if (end->pd == pd) {
                notifications |= end->notify ? 1ull << end->id : 0;
                calls |= end->call ? 1ull << end->id : 0;
            }
        }
    }
    char name[MICROKIT_NAME_LENGTH] = "";
    memcpy(name, pd->name, strnlen(pd->name, sizeof(name) - 1));
    uint8_t passive = pd->passive;
    patch_if_present(program, pd, "microkit_name", name, sizeof(name));
    patch_if_present(program, pd, "microkit_passive", &passive, sizeof(passive));
    patch_if_present(program, pd, "microkit_irqs", &irqs, sizeof(irqs));
    patch_if_present(program, pd, "microkit_notifications", &notifications, sizeof(notifications));
    patch_if_present(program, pd, "microkit_pps", &calls, sizeof(calls));
    patch_if_present(program, pd, "microkit_ioports", &ioports, sizeof(ioports));
}

struct program *symbols_patch(struct system *system, const struct pd *pd)
{
    struct program *program = program_create(&system->arena, pd->image);
    struct list writes = {0};
    patch_microkit(system, program, pd);
    symbols_collect(system, pd, &writes);
    LIST_FOR (const struct symbol_write, write, &writes) {
        const struct elf_symbol *symbol = lookup(pd, write->symbol);
        if (symbol != NULL) {
            program_patch(program, symbol->address, &write->value, sizeof(write->value));
        }
    }
    return program;
}
