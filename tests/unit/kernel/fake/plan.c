/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <arch/frame.h>
#include <skyscope/kernel_info.h>

#include "plan.h"

#define K4 0x1000ull
#define M2 0x200000ull

static void set_name(char *field, const char *name)
{
    (void)snprintf(field, PLAN_NAME_LENGTH, "%s", name);
}

static void table(struct fake_plan *plan, enum plan_table index, size_t offset, uint32_t count, size_t entry_size)
{
    plan->header.tables[index] =
        (struct plan_table_location){.offset = (uint32_t)offset, .count = count, .entry_size = (uint32_t)entry_size};
}

static void init_header(struct fake_plan *plan)
{
    struct plan_header *header = &plan->header;
    memcpy(header->magic, PLAN_MAGIC, 8);
    header->version = PLAN_VERSION;
    header->total_size = sizeof(*plan);
    set_name(header->system_name, "test");
    header->machine = HARDWARE_PLAN_MACHINE;
    header->cpu_count = 2;
    header->kernel_pool_size = M2;
    table(plan, PLAN_TABLE_REGIONS, offsetof(struct fake_plan, regions), FAKE_REGIONS, sizeof(struct plan_region));
    table(plan, PLAN_TABLE_SPACES, offsetof(struct fake_plan, spaces), FAKE_PDS + 1, sizeof(struct plan_space));
    table(plan, PLAN_TABLE_MAPS, offsetof(struct fake_plan, maps), FAKE_MAPS, sizeof(struct plan_map));
    table(plan, PLAN_TABLE_PDS, offsetof(struct fake_plan, pds), FAKE_PDS, sizeof(struct plan_pd));
    table(plan, PLAN_TABLE_THREADS, offsetof(struct fake_plan, threads), FAKE_THREADS, sizeof(struct plan_thread));
    table(plan, PLAN_TABLE_CHANNEL_ENDS, offsetof(struct fake_plan, ends), FAKE_ENDS, sizeof(struct plan_channel_end));
    table(plan, PLAN_TABLE_IRQS, offsetof(struct fake_plan, irqs), FAKE_IRQS, sizeof(struct plan_irq));
    table(plan, PLAN_TABLE_IOPORTS, offsetof(struct fake_plan, ioports), FAKE_IOPORTS, sizeof(struct plan_ioport));
    table(plan, PLAN_TABLE_VMS, offsetof(struct fake_plan, vms), 1, sizeof(struct plan_vm));
    table(plan, PLAN_TABLE_VCPUS, offsetof(struct fake_plan, vcpus), 1, sizeof(struct plan_vcpu));
}

static void region(struct fake_plan *plan, unsigned int index, const char *name, uint32_t kind, uint64_t size,
                   uint64_t page_size, uint64_t address)
{
    struct plan_region *r = &plan->regions[index];
    set_name(r->name, name);
    r->kind = kind;
    r->size = size;
    r->page_size = page_size;
    r->physical_address = address;
    r->image = PLAN_NONE;
}

static void map(struct fake_plan *plan, unsigned int index, uint32_t space, uint32_t region_index, uint64_t address,
                uint64_t size, uint32_t flags)
{
    plan->maps[index] = (struct plan_map){
        .space = space, .region = region_index, .virtual_address = address, .size = size, .flags = flags};
}

static void pd(struct fake_plan *plan, unsigned int index, const char *name, uint32_t first, uint32_t count)
{
    set_name(plan->pds[index].name, name);
    set_name(plan->spaces[index].name, name);
    plan->spaces[index].kind = PLAN_SPACE_PD;
    plan->pds[index].space = index;
    plan->pds[index].parent = PLAN_NONE;
    plan->pds[index].first_thread = first;
    plan->pds[index].thread_count = count;
}

static void thread(struct fake_plan *plan, unsigned int number, uint32_t pd_index, uint32_t index, uint32_t cpu,
                   uint32_t priority)
{
    plan->threads[number] = (struct plan_thread){
        .pd = pd_index,
        .index = index,
        .cpu = cpu,
        .priority = priority,
        .budget_us = 1000,
        .period_us = 1000,
        .entry = 0x200000,
        .stack_top = USER_ADDRESS_END - 0x2000,
        .ipc_buffer = index == 0 ? USER_ADDRESS_END : USER_ADDRESS_END - 0x100000,
        .vcpu = PLAN_NONE,
    };
}

void fake_plan_init(struct fake_plan *plan)
{
    const uint32_t rx = PLAN_MAP_READ | PLAN_MAP_EXECUTE;
    const uint32_t rw = PLAN_MAP_READ | PLAN_MAP_WRITE;

    memset(plan, 0, sizeof(*plan));
    init_header(plan);
    region(plan, FAKE_REGION_CODE, "code", PLAN_REGION_RAM, 4 * K4, K4, PLAN_ANY_ADDRESS);
    region(plan, FAKE_REGION_DATA, "data", PLAN_REGION_RAM, 8 * K4, K4, PLAN_ANY_ADDRESS);
    region(plan, FAKE_REGION_UART, "device", PLAN_REGION_DEVICE, K4, K4, 0xfd000000);
    region(plan, FAKE_REGION_STATISTICS, "statistics", PLAN_REGION_STATISTICS, KERNEL_STATISTICS_REGION_SIZE, K4,
           PLAN_ANY_ADDRESS);
    region(plan, FAKE_REGION_RAM, "guest ram", PLAN_REGION_RAM, 2 * M2, M2, PLAN_ANY_ADDRESS);
    plan->regions[FAKE_REGION_RAM].flags = PLAN_REGION_CONTIGUOUS;

    pd(plan, FAKE_PD_CLIENT, "client", 0, 1);
    pd(plan, FAKE_PD_SERVER, "server", 1, 1);
    pd(plan, FAKE_PD_VMM, "vmm", 2, 2);
    plan->pds[FAKE_PD_VMM].parent = FAKE_PD_SERVER;
    plan->pds[FAKE_PD_VMM].child_id = 3;
    set_name(plan->spaces[FAKE_PDS].name, "vm");
    plan->spaces[FAKE_PDS].kind = PLAN_SPACE_VM;

    thread(plan, 0, FAKE_PD_CLIENT, 0, 0, 10);
    thread(plan, 1, FAKE_PD_SERVER, 0, 0, 20);
    thread(plan, 2, FAKE_PD_VMM, 0, 0, 5);
    thread(plan, 3, FAKE_PD_VMM, 1, 1, 5);
    plan->threads[3].vcpu = 0;

    map(plan, 0, FAKE_PD_CLIENT, FAKE_REGION_CODE, 0x200000, 4 * K4, rx);
    map(plan, 1, FAKE_PD_CLIENT, FAKE_REGION_DATA, 0x300000, 8 * K4, rw);
    map(plan, 2, FAKE_PD_SERVER, FAKE_REGION_CODE, 0x200000, 4 * K4, rx);
    map(plan, 3, FAKE_PD_SERVER, FAKE_REGION_UART, 0x400000, K4, rw | PLAN_MAP_UNCACHED);
    map(plan, 4, FAKE_PD_SERVER, FAKE_REGION_STATISTICS, 0x500000, KERNEL_STATISTICS_REGION_SIZE, PLAN_MAP_READ);
    map(plan, 5, FAKE_PD_VMM, FAKE_REGION_CODE, 0x200000, 4 * K4, rx);
    map(plan, 6, FAKE_PD_VMM, FAKE_REGION_RAM, 0x1000000000, 2 * M2, rw);
    map(plan, 7, FAKE_PDS, FAKE_REGION_RAM, 0, 2 * M2, rw | PLAN_MAP_EXECUTE);

    plan->ends[0] =
        (struct plan_channel_end){FAKE_PD_CLIENT, 1, FAKE_PD_SERVER, 0, 2, PLAN_CHANNEL_NOTIFY | PLAN_CHANNEL_CALL};
    plan->ends[1] = (struct plan_channel_end){FAKE_PD_SERVER, 2, FAKE_PD_CLIENT, 0, 1, PLAN_CHANNEL_NOTIFY};
    plan->ends[2] = (struct plan_channel_end){FAKE_PD_SERVER, 4, FAKE_PD_VMM, 1, 0, PLAN_CHANNEL_NOTIFY};
    plan->ends[3] = (struct plan_channel_end){FAKE_PD_VMM, 0, FAKE_PD_SERVER, 0, 4, PLAN_CHANNEL_NOTIFY};

    fake_plan_arch_init(plan);

    set_name(plan->vms[0].name, "guest");
    plan->vms[0].space = FAKE_PDS;
    plan->vms[0].pd = FAKE_PD_VMM;
    plan->vms[0].vcpu_count = 1;
    plan->vcpus[0].thread = 3;
    plan->vcpus[0].state_page = USER_ADDRESS_END - 0x200000;
}

void fake_machine_init(struct fake_machine *machine)
{
    struct hardware_info *hardware = &machine->hardware;

    memset(machine, 0, sizeof(*machine));
    hardware->version = HARDWARE_INFO_VERSION;
    hardware->size = sizeof(*hardware);
    hardware->cpu_count = 2;
    fake_machine_arch_init(&hardware->arch);
    /* Two adjacent ranges: extent 3 lies across the border. */
    hardware->memory_count = 3;
    hardware->memory[0] = (struct hardware_memory){.base = 0x100000, .size = 0x500000, .kind = HARDWARE_MEMORY_USABLE};
    hardware->memory[1] = (struct hardware_memory){.base = 0x600000, .size = 0x7a00000, .kind = HARDWARE_MEMORY_USABLE};
    hardware->memory[2] =
        (struct hardware_memory){.base = 0x8000000, .size = 0x100000, .kind = HARDWARE_MEMORY_RESERVED};

    machine->extents[0] = (struct region_extent){FAKE_REGION_CODE, 0, 0, 0x300000, 4 * K4};
    machine->extents[1] = (struct region_extent){FAKE_REGION_DATA, 0, 0, 0x310000, 2 * K4};
    machine->extents[2] = (struct region_extent){FAKE_REGION_DATA, 0, 2 * K4, 0x320000, 6 * K4};
    machine->extents[3] = (struct region_extent){FAKE_REGION_RAM, 0, 0, 0x400000, 2 * M2};
    machine->machine = (struct plan_machine){
        .extents = machine->extents,
        .extent_count = FAKE_EXTENTS,
        .hardware = hardware,
        .cpu_count = 2,
        .kernel = {{0x2000000, M2}, {0x2200000, M2}},
    };
}
