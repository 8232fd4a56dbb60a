/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/plan.h"

static struct fake_plan plan;
static struct fake_machine machine;

static int setup(void **state)
{
    (void)state;
    fake_plan_init(&plan);
    fake_machine_init(&machine);
    return 0;
}

static bool accepted(struct plan_error *error)
{
    struct plan_view view;
    memset(error, 0, sizeof(*error));
    return plan_check(&plan, sizeof(plan), &machine.machine, &view, error);
}

static void test_valid_plan(void **state)
{
    (void)state;
    struct plan_error error;
    bool ok = accepted(&error);
    assert_string_equal(error.text, "");
    assert_true(ok);
}

static void test_sizes(void **state)
{
    (void)state;
    struct plan_view view;
    struct plan_error error;
    for (uint64_t size = 0; size < sizeof(plan); size++) {
        /* Only as much memory as is announced: the sanitiser watches the end. */
        void *copy = malloc(size == 0 ? 1 : size);
        assert_non_null(copy);
        memcpy(copy, &plan, size);
        assert_false(plan_check(copy, size, &machine.machine, &view, &error));
        free(copy);
    }
    assert_false(plan_check(&plan, PLAN_MAX_SIZE + 1ull, &machine.machine, &view, &error));
}

/* Each case spoils one thing; part of the message must name it. */
#define SPOIL(name, statement, message)                                                                                \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        struct plan_error error;                                                                                       \
        statement;                                                                                                     \
        assert_false(accepted(&error));                                                                                \
        if (strstr(error.text, message) == NULL) {                                                                     \
            fail_msg("unexpected reason: %s", error.text);                                                             \
        }                                                                                                              \
    }

SPOIL(bad_magic, plan.header.magic[7] = '2', "not a plan")
SPOIL(bad_version, plan.header.version = PLAN_VERSION + 1, "not a plan")
SPOIL(bad_machine, plan.header.machine = 1, "another machine")
SPOIL(bad_total_size, plan.header.total_size = sizeof(plan) + 8, "says that it has")
SPOIL(no_cpu, plan.header.cpu_count = 0, "bad header")
SPOIL(too_many_cpus, plan.header.cpu_count = PLAN_MAX_CPUS + 1, "bad header")
SPOIL(bad_pool, plan.header.kernel_pool_size = 4096, "bad header")
SPOIL(endless_name, memset(plan.header.system_name, 'x', PLAN_NAME_LENGTH), "name does not end")
SPOIL(bad_entry_size, plan.header.tables[PLAN_TABLE_MAPS].entry_size++, "maps has entries")
SPOIL(table_outside, plan.header.tables[PLAN_TABLE_VCPUS].offset = sizeof(plan), "vCPUs lies outside")
SPOIL(table_wraps, plan.header.tables[PLAN_TABLE_VCPUS].offset = 0xfffffff8u, "vCPUs lies outside")
SPOIL(table_in_header, plan.header.tables[PLAN_TABLE_VCPUS].offset = 8, "vCPUs lies outside")
SPOIL(table_unaligned, plan.header.tables[PLAN_TABLE_REGIONS].offset++, "regions lies outside")
SPOIL(too_many_entries, plan.header.tables[PLAN_TABLE_PDS].count = 64, "at most 63")
SPOIL(count_beyond_end, plan.header.tables[PLAN_TABLE_VCPUS].count = 100, "vCPUs lies outside")
SPOIL(other_cpu_count, machine.machine.cpu_count = 1, "entered the kernel")
SPOIL(cpus_not_there, machine.hardware.cpu_count = 1, "entered the kernel")
SPOIL(hardware_version, machine.hardware.version = HARDWARE_INFO_VERSION + 1, "information of version")
SPOIL(hardware_counts, machine.hardware.memory_count = HARDWARE_MAX_MEMORY + 1, "memory ranges")
SPOIL(hardware_ioapics, machine.hardware.arch.ioapic_count = 17, "IOAPICs")
SPOIL(hardware_overrides, machine.hardware.arch.override_count = 33, "overrides")

SPOIL(no_pd, plan.header.tables[PLAN_TABLE_PDS].count = 0, "no protection domain")
SPOIL(pd_without_name, plan.pds[0].name[0] = 0, "bad name")
SPOIL(pd_name_twice, memcpy(plan.pds[1].name, plan.pds[0].name, PLAN_NAME_LENGTH), "two of this name")
SPOIL(pd_flags, plan.pds[0].flags = 8, "unknown flags")
SPOIL(pd_space_missing, plan.pds[0].space = 9, "no address space")
SPOIL(pd_space_of_vm, plan.pds[0].space = FAKE_PDS, "no address space")
SPOIL(pd_space_shared, plan.pds[1].space = 0, "shares the address space")
SPOIL(pd_threads_gap, plan.pds[1].first_thread = 2, "not the next")
SPOIL(pd_no_thread, plan.pds[1].thread_count = 0, "not the next")
SPOIL(pd_too_many_threads, plan.pds[2].thread_count = 0xffffffff, "not the next")
SPOIL(threads_left, plan.pds[2].thread_count = 1, "belong to no PD")
SPOIL(thread_of_other_pd, plan.threads[1].pd = 0, "not its own")
SPOIL(thread_index, plan.threads[3].index = 0, "not its own")
SPOIL(thread_cpu, plan.threads[0].cpu = 2, "on CPU 2 of 2")
SPOIL(thread_priority, plan.threads[0].priority = 255, "highest is 254")
SPOIL(thread_no_budget, plan.threads[0].budget_us = 0, "budget of 0")
SPOIL(thread_short_period, plan.threads[0].period_us = 999, "budget of 1000 us in 999")
SPOIL(thread_long_period, plan.threads[0].period_us = 1ull << 41, "budget")
SPOIL(thread_foreign_vcpu, plan.threads[0].vcpu = 0, "not its own")
SPOIL(thread_no_such_vcpu, plan.threads[3].vcpu = 1, "not its own")
SPOIL(thread_entry, plan.threads[0].entry = 0x7ffffffff000, "bad entry point")
SPOIL(thread_kernel_entry, plan.threads[0].entry = 0xffffffff80000000, "bad entry point")
SPOIL(thread_stack, plan.threads[0].stack_top -= 8, "bad entry point or stack")
SPOIL(thread_ipc_unaligned, plan.threads[0].ipc_buffer += 8, "IPC buffer")
SPOIL(thread_ipc_kernel, plan.threads[0].ipc_buffer = 0x800000000000, "IPC buffer")
SPOIL(thread_ipc_overlap, plan.threads[0].ipc_buffer = 0x302000, "IPC buffer")
SPOIL(thread_ipc_twice, plan.threads[3].ipc_buffer = plan.threads[2].ipc_buffer, "two IPC buffers")
SPOIL(no_such_parent, plan.pds[2].parent = 3, "no proper parent")
SPOIL(own_parent, plan.pds[2].parent = 2, "no proper parent")
SPOIL(parent_circle, plan.pds[1].parent = 2, "no proper parent")
SPOIL(child_id, plan.pds[2].child_id = 62, "child id")
SPOIL(child_id_twice, (plan.pds[0].parent = 1, plan.pds[0].child_id = 3), "same child id")
SPOIL(space_kind, plan.spaces[0].kind = 3, "bad name or kind")
SPOIL(vm_name, plan.vms[0].name[0] = 0, "VM 0: bad name")
SPOIL(vm_space, plan.vms[0].space = 0, "no guest-physical space")
SPOIL(vm_pd, plan.vms[0].pd = 7, "no VMM")
SPOIL(vm_vcpus, plan.vms[0].vcpu_count = 2, "not the next")
SPOIL(vm_no_vcpu, plan.vms[0].vcpu_count = 0, "not the next")
SPOIL(vcpu_id, plan.vcpus[0].id = 1, "not its own")
SPOIL(vcpu_thread, (plan.vcpus[0].thread = 0, plan.threads[3].vcpu = PLAN_NONE), "no thread of its VMM")
SPOIL(vcpu_page, plan.vcpus[0].state_page = 0x200000, "cannot be at")
SPOIL(vcpu_page_is_ipc, plan.vcpus[0].state_page = plan.threads[2].ipc_buffer, "cannot be at")

SPOIL(channel_pd, plan.ends[0].peer_pd = 5, "joins PDs")
SPOIL(channel_self, plan.ends[0].peer_pd = 0, "joins PDs")
SPOIL(channel_id, plan.ends[0].id = 62, "bad id")
SPOIL(channel_flags, plan.ends[0].flags = 4, "bad id, flags")
SPOIL(channel_thread, plan.ends[0].peer_thread = 1, "bad id, flags or thread")
SPOIL(channel_twice, plan.ends[2].id = 2, "there are two")
SPOIL(channel_one_way, plan.ends[1].peer_id = 9, "no other end")
SPOIL(channel_cross, plan.ends[1].peer_pd = 2, "no other end")
SPOIL(call_downwards, plan.ends[1].flags = PLAN_CHANNEL_CALL, "not above its own")
SPOIL(call_same_priority, plan.threads[1].priority = 10, "not above its own")
SPOIL(call_other_cpu, plan.threads[1].cpu = 1, "another CPU")
SPOIL(call_vcpu_thread,
      (plan.ends[2].flags = PLAN_CHANNEL_CALL, plan.threads[3].cpu = 0, plan.threads[3].priority = 50), "runs a vCPU")

SPOIL(irq_pd, plan.irqs[0].pd = 3, "belongs to no thread")
SPOIL(irq_thread, plan.irqs[0].thread = 1, "belongs to no thread")
SPOIL(irq_id, plan.irqs[0].id = 62, "belongs to no thread")
SPOIL(irq_id_twice, plan.irqs[1].id = 7, "there are two")
SPOIL(irq_id_of_channel, plan.irqs[0].id = 2, "a channel has this id")
SPOIL(irq_vector, plan.irqs[0].vector = 108, "vector 108")
SPOIL(irq_vector_twice, plan.irqs[0].vector = 107, "same vector")
SPOIL(irq_isa, plan.irqs[0].pin = 16, "no ISA interrupt")
SPOIL(irq_pin, (plan.irqs[0].flags = 0, plan.irqs[0].pin = 24), "no pin 24")
SPOIL(irq_ioapic, (plan.irqs[0].flags = 0, plan.irqs[0].ioapic = 1), "no pin 4 of IOAPIC 1")
SPOIL(irq_pin_twice, (plan.irqs[1] = plan.irqs[0], plan.irqs[1].id = 9, plan.irqs[1].vector = 9), "already that of")
SPOIL(irq_kind, plan.irqs[0].kind = 3, "unknown kind")
SPOIL(port_pd, plan.ioports[0].pd = 3, "not possible")
SPOIL(port_range, plan.ioports[0].base = 0xfffc, "not possible")
SPOIL(port_wraps, plan.ioports[0].size = 0xffffffff, "not possible")
SPOIL(port_empty, plan.ioports[0].size = 0, "not possible")

SPOIL(region_seed_without_flag, plan.regions[0].seed_offset = 128, "bad name or flags")
SPOIL(region_seed_of_device, (plan.regions[0].kind = PLAN_REGION_DEVICE, plan.regions[0].flags |= PLAN_REGION_SEED),
      "not RAM")
SPOIL(region_page_size, plan.regions[0].page_size = 0x2000, "no pages of")
SPOIL(region_page_size_0, plan.regions[0].page_size = 0, "no pages of")
SPOIL(region_size, plan.regions[0].size++, "number of its pages")
SPOIL(region_empty, plan.regions[0].size = 0, "number of its pages")
SPOIL(region_kind, plan.regions[0].kind = 6, "unknown kind")
SPOIL(region_flags, plan.regions[0].flags = 8, "bad name or flags")
SPOIL(region_address, plan.regions[0].physical_address = 0x300800, "not a multiple")
SPOIL(region_other_address, plan.regions[0].physical_address = 0x301000, "another address")
SPOIL(device_no_address, plan.regions[FAKE_REGION_UART].physical_address = PLAN_ANY_ADDRESS, "need an address")
SPOIL(device_wraps, plan.regions[FAKE_REGION_UART].physical_address = 0xfffffffffffff000, "cannot be at")
SPOIL(device_is_memory, plan.regions[FAKE_REGION_UART].physical_address = 0x300000, "are memory")
SPOIL(device_is_lapic, plan.regions[FAKE_REGION_UART].physical_address = 0xfee00000, "local APIC")
SPOIL(device_is_ioapic, plan.regions[FAKE_REGION_UART].physical_address = 0xfec00000, "an IOAPIC")
SPOIL(published_size, plan.regions[FAKE_REGION_STATISTICS].size = 0x1000, "publishes")

SPOIL(extent_missing, machine.machine.extent_count = 3, "gave it 0x0")
SPOIL(extent_short, machine.extents[0].size = 0x1000, "gave it 0x1000")
SPOIL(extent_long, machine.extents[0].size = 0x5000, "impossible extent")
SPOIL(extent_empty, machine.extents[0].size = 0, "impossible extent")
SPOIL(extent_gap, machine.extents[2].region_offset = 0x3000, "gave it 0x2000")
SPOIL(extent_order, machine.extents[1].region = FAKE_REGION_RAM, "gave it 0x0")
SPOIL(extent_unaligned, machine.extents[3].physical_address = 0x500000, "impossible extent")
SPOIL(extent_wraps, machine.extents[0].physical_address = 0xfffffffffffff000, "impossible extent")
SPOIL(extent_not_usable, machine.extents[3].physical_address = 0x7e00000, "not usable")
SPOIL(extent_nowhere, machine.extents[0].physical_address = 0x10000, "not usable")
SPOIL(extent_in_kernel, machine.extents[0].physical_address = 0x2001000, "overlaps the kernel")
SPOIL(extent_in_pool, machine.extents[3].physical_address = 0x2200000, "overlaps the kernel")
SPOIL(extent_shared, machine.extents[1].physical_address = 0x301000, "shares memory")
SPOIL(extents_not_contiguous, (plan.regions[FAKE_REGION_DATA].flags = PLAN_REGION_CONTIGUOUS), "not contiguous")
SPOIL(extent_of_device, (machine.extents[3].region = FAKE_REGION_UART), "gave it 0x0")

SPOIL(map_space, plan.maps[0].space = 4, "that there are not")
SPOIL(map_region, plan.maps[0].region = FAKE_REGIONS, "that there are not")
SPOIL(map_flags, plan.maps[0].flags = 16 | PLAN_MAP_READ, "bad flags")
SPOIL(map_no_read, plan.maps[0].flags = PLAN_MAP_WRITE, "bad flags")
SPOIL(map_write_execute, plan.maps[0].flags = 7, "writable and executable")
SPOIL(map_size, plan.maps[0].size = 0x5000, "not possible")
SPOIL(map_empty, plan.maps[0].size = 0, "not possible")
SPOIL(map_offset, plan.maps[0].region_offset = 0x1000, "not possible")
SPOIL(map_unaligned, plan.maps[6].virtual_address += 0x1000, "not possible")
SPOIL(map_kernel, plan.maps[0].virtual_address = 0xffffffff80000000, "not possible")
SPOIL(map_last_page, plan.maps[0].virtual_address = 0x7fffffffc000, "not possible")
SPOIL(map_address_0, plan.maps[0].virtual_address = 0, "at address 0")
SPOIL(map_overlap, plan.maps[1].virtual_address = 0x203000, "overlaps that of code")
SPOIL(map_statistics_writable, plan.maps[4].flags = 3, "read-only")
SPOIL(map_in_place_writable, plan.regions[FAKE_REGION_DATA].flags = PLAN_REGION_IN_PLACE, "read-only")
SPOIL(map_statistics_executable, plan.maps[4].flags = 5, "data for PDs")
SPOIL(map_guest_end, plan.maps[7].virtual_address = 0x7fffffe00000, "not possible")

static void test_in_place_regions_may_share(void **state)
{
    (void)state;
    struct plan_error error;
    plan.regions[FAKE_REGION_CODE].flags = PLAN_REGION_IN_PLACE;
    plan.regions[FAKE_REGION_DATA].flags = PLAN_REGION_IN_PLACE;
    plan.maps[1].flags = PLAN_MAP_READ;
    machine.extents[1].physical_address = 0x301000;
    assert_true(accepted(&error));
    /* But no region with itself. */
    machine.extents[2].physical_address = 0x302000;
    assert_false(accepted(&error));
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_valid_plan),
        CASE(test_sizes),
        CASE(bad_magic),
        CASE(bad_version),
        CASE(bad_machine),
        CASE(bad_total_size),
        CASE(no_cpu),
        CASE(too_many_cpus),
        CASE(bad_pool),
        CASE(endless_name),
        CASE(bad_entry_size),
        CASE(table_outside),
        CASE(table_wraps),
        CASE(table_in_header),
        CASE(table_unaligned),
        CASE(too_many_entries),
        CASE(count_beyond_end),
        CASE(other_cpu_count),
        CASE(cpus_not_there),
        CASE(hardware_version),
        CASE(hardware_counts),
        CASE(hardware_ioapics),
        CASE(hardware_overrides),
        CASE(no_pd),
        CASE(pd_without_name),
        CASE(pd_name_twice),
        CASE(pd_flags),
        CASE(pd_space_missing),
        CASE(pd_space_of_vm),
        CASE(pd_space_shared),
        CASE(pd_threads_gap),
        CASE(pd_no_thread),
        CASE(pd_too_many_threads),
        CASE(threads_left),
        CASE(thread_of_other_pd),
        CASE(thread_index),
        CASE(thread_cpu),
        CASE(thread_priority),
        CASE(thread_no_budget),
        CASE(thread_short_period),
        CASE(thread_long_period),
        CASE(thread_foreign_vcpu),
        CASE(thread_no_such_vcpu),
        CASE(thread_entry),
        CASE(thread_kernel_entry),
        CASE(thread_stack),
        CASE(thread_ipc_unaligned),
        CASE(thread_ipc_kernel),
        CASE(thread_ipc_overlap),
        CASE(thread_ipc_twice),
        CASE(no_such_parent),
        CASE(own_parent),
        CASE(parent_circle),
        CASE(child_id),
        CASE(child_id_twice),
        CASE(space_kind),
        CASE(vm_name),
        CASE(vm_space),
        CASE(vm_pd),
        CASE(vm_vcpus),
        CASE(vm_no_vcpu),
        CASE(vcpu_id),
        CASE(vcpu_thread),
        CASE(vcpu_page),
        CASE(vcpu_page_is_ipc),
        CASE(channel_pd),
        CASE(channel_self),
        CASE(channel_id),
        CASE(channel_flags),
        CASE(channel_thread),
        CASE(channel_twice),
        CASE(channel_one_way),
        CASE(channel_cross),
        CASE(call_downwards),
        CASE(call_same_priority),
        CASE(call_other_cpu),
        CASE(call_vcpu_thread),
        CASE(irq_pd),
        CASE(irq_thread),
        CASE(irq_id),
        CASE(irq_id_twice),
        CASE(irq_id_of_channel),
        CASE(irq_vector),
        CASE(irq_vector_twice),
        CASE(irq_isa),
        CASE(irq_pin),
        CASE(irq_ioapic),
        CASE(irq_pin_twice),
        CASE(irq_kind),
        CASE(port_pd),
        CASE(port_range),
        CASE(port_wraps),
        CASE(port_empty),
        CASE(region_seed_without_flag),
        CASE(region_seed_of_device),
        CASE(region_page_size),
        CASE(region_page_size_0),
        CASE(region_size),
        CASE(region_empty),
        CASE(region_kind),
        CASE(region_flags),
        CASE(region_address),
        CASE(region_other_address),
        CASE(device_no_address),
        CASE(device_wraps),
        CASE(device_is_memory),
        CASE(device_is_lapic),
        CASE(device_is_ioapic),
        CASE(published_size),
        CASE(extent_missing),
        CASE(extent_short),
        CASE(extent_long),
        CASE(extent_empty),
        CASE(extent_gap),
        CASE(extent_order),
        CASE(extent_unaligned),
        CASE(extent_wraps),
        CASE(extent_not_usable),
        CASE(extent_nowhere),
        CASE(extent_in_kernel),
        CASE(extent_in_pool),
        CASE(extent_shared),
        CASE(extents_not_contiguous),
        CASE(extent_of_device),
        CASE(map_space),
        CASE(map_region),
        CASE(map_flags),
        CASE(map_no_read),
        CASE(map_write_execute),
        CASE(map_size),
        CASE(map_empty),
        CASE(map_offset),
        CASE(map_unaligned),
        CASE(map_kernel),
        CASE(map_last_page),
        CASE(map_address_0),
        CASE(map_overlap),
        CASE(map_statistics_writable),
        CASE(map_in_place_writable),
        CASE(map_statistics_executable),
        CASE(map_guest_end),
        CASE(test_in_place_regions_may_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
