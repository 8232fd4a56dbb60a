/* SPDX-License-Identifier: BSD-2-Clause */
/* Another kernel's start by Multiboot 2. */
#include <base/memory.h>
#include <loader/foreign.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader_arch/foreign.h>
#include <skyscope/types.h>

#define RSDP_OLD_SIZE 20u
#define RSDP_REVISION 15u

extern const uint8_t foreign_switch_start[];
extern const uint32_t foreign_switch_size;
__attribute__((noreturn)) void foreign_leave(uint64_t code, uint64_t copies, uint64_t info);

static struct foreign_places places;

static void *at(uint64_t physical)
{
    return (void *)(uintptr_t)physical;
}

/* How much of it there is, by its revision (ACPI 6.4, section 5.2.5.3). It was read before. */
static uint32_t rsdp_size(const struct hardware_info *hardware)
{
    const uint8_t *rsdp = at(hardware->rsdp_address);
    return rsdp == NULL ? 0 : rsdp[RSDP_REVISION] >= 2 ? BOOT_RSDP_SIZE : RSDP_OLD_SIZE;
}

static uint64_t copies_address(void)
{
    return places.switch_page + ((foreign_switch_size + 15) & ~15u);
}

/* The segments' bytes, put aside, and the list that brings them to their places. */
static void stage_kernel(const struct foreign_system *system)
{
    struct foreign_copy *copies = at(copies_address());
    const struct foreign_image *kernel = system->kernel;
    uint64_t staged = places.staging;
    memcpy(at(places.switch_page), foreign_switch_start, foreign_switch_size);
    for (uint32_t i = 0; i < kernel->segment_count; i++) {
        const struct foreign_segment *segment = &kernel->segments[i];
        memcpy(at(staged), system->kernel_file + segment->file_offset, segment->file_size);
        copies[i] = (struct foreign_copy){
            .destination = (uint32_t)segment->physical_address,
            .source = (uint32_t)staged,
            .size = (uint32_t)segment->file_size,
            .zeros = (uint32_t)(segment->memory_size - segment->file_size),
        };
        staged += segment->file_size;
    }
    copies[kernel->segment_count] = (struct foreign_copy){.destination = (uint32_t)kernel->entry};
}

void foreign_place(const struct foreign_system *system, struct free_memory *free)
{
    struct loader_error error;
    uint64_t memory = 0;
    if (system->module_count != 1) {
        loader_fail("foreign kernel: it has %u boot modules, and on x86-64 exactly one is wanted",
                    system->module_count);
    }
    uint64_t size = system->module->size;
    if (!multiboot2_kernel_check(system->kernel_file, system->kernel_file_size, &error) ||
        !module_elf_memory(system->module_file, size, &memory, &error) ||
        !foreign_find_places(system->kernel, size, memory, system->map, free, &places, &error)) {
        loader_fail("%s", error.text);
    }
    if (places.over_firmware) {
        log_warning("the kernel lies over memory that the firmware keeps for sleep; the machine cannot sleep from now "
                    "on");
    }
    stage_kernel(system);
    memcpy(at(places.module), system->module_file, size);
    const struct multiboot2_module module = {.address = places.module, .size = size, .name = system->module->name};
    multiboot2_write(at(places.info), &module, system->map, &system->source->framebuffer,
                     at(system->hardware->rsdp_address), rsdp_size(system->hardware));
}

void foreign_enter(const struct foreign_system *system)
{
    (void)system;
    foreign_leave(places.switch_page, copies_address(), places.info);
}
