/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver must not put into a ring: VirtIO 1.2 §2.6 to §2.8. */
#include "provocation.h"

#define BUFFERS   (pool_base() + POOL_BUFFERS)
#define TABLE     (pool_base() + POOL_BUFFERS + 0x10000)
#define AVAILABLE 4u

static void kick(struct device *device)
{
    device_notify(device, device->queue);
}

/* One buffer of one piece. */
static void offer(struct device *device, uint64_t address, uint32_t length, uint16_t flags)
{
    ring_add(device, &(struct piece){address, length, flags}, 1);
    kick(device);
}

static void set_entry(uint32_t index, uint64_t address, uint32_t length, uint16_t flags, uint16_t next)
{
    write_at(TABLE + 16ull * index, 8, address);
    write_at(TABLE + 16ull * index + 8, 4, length);
    write_at(TABLE + 16ull * index + 12, 2, flags);
    write_at(TABLE + 16ull * index + 14, 2, next);
}

static void loop_of_descriptors(struct device *device)
{
    struct piece piece = {BUFFERS, 16, DESCRIPTOR_NEXT};
    for (uint32_t i = device->ring.size; i-- > 0;) {
        ring_set_descriptor(device, i, &piece, (uint16_t)((i + 1) % device->ring.size));
    }
    ring_advance(device, 1);
    kick(device);
}

static void descriptor_that_follows_itself(struct device *device)
{
    ring_set_descriptor(device, 0, &(struct piece){BUFFERS, 16, DESCRIPTOR_NEXT}, 0);
    ring_advance(device, 1);
    kick(device);
}

static void next_behind_the_table(struct device *device)
{
    ring_set_descriptor(device, 0, &(struct piece){BUFFERS, 16, DESCRIPTOR_NEXT}, device->ring.size);
    ring_advance(device, 1);
    kick(device);
}

static void next_far_away(struct device *device)
{
    ring_set_descriptor(device, 0, &(struct piece){BUFFERS, 16, DESCRIPTOR_NEXT}, 0xffff);
    ring_advance(device, 1);
    kick(device);
}

static void head_out_of_range(struct device *device)
{
    write_at(device->ring.driver + AVAILABLE, 2, device->ring.size);
    ring_advance(device, 1);
    kick(device);
}

static void index_jumps(struct device *device)
{
    ring_advance(device, (uint16_t)(device->ring.size + 1));
    kick(device);
}

static void index_goes_back(struct device *device)
{
    ring_advance(device, 0xffff);
    kick(device);
}

static void address_above_ram(struct device *device)
{
    offer(device, machine.ram_base + MEMORY_SIZE, 16, DESCRIPTOR_WRITE);
}

static void address_of_devices(struct device *device)
{
    offer(device, machine.interrupts, 16, DESCRIPTOR_WRITE);
}

static void address_of_its_own_registers(struct device *device)
{
    offer(device, device->registers | 0xa000000, 16, 0);
}

static void address_far_away(struct device *device)
{
    offer(device, 1ull << 63, 4096, 0);
}

static void address_that_wraps(struct device *device)
{
    offer(device, ~0ull - 15, 4096, DESCRIPTOR_WRITE);
}

static void buffer_past_the_end_of_ram(struct device *device)
{
    offer(device, machine.ram_base + MEMORY_SIZE - 16, 17, 0);
}

static void length_of_4_gib(struct device *device)
{
    offer(device, BUFFERS, 0xffffffff, DESCRIPTOR_WRITE);
}

static void length_of_0(struct device *device)
{
    offer(device, BUFFERS, 0, DESCRIPTOR_WRITE);
}

static void read_after_write(struct device *device)
{
    const struct piece pieces[2] = {{BUFFERS, 16, DESCRIPTOR_WRITE}, {BUFFERS + 64, 16, 0}};
    ring_add(device, pieces, 2);
    kick(device);
}

/* --- Indirect tables --- */

static void indirect_not_negotiated(struct device *device)
{
    set_entry(0, BUFFERS, 16, DESCRIPTOR_WRITE, 0);
    offer(device, TABLE, 16, DESCRIPTOR_INDIRECT);
}

static void indirect_and_continued(struct device *device)
{
    const struct piece pieces[2] = {{TABLE, 16, DESCRIPTOR_INDIRECT}, {BUFFERS, 16, DESCRIPTOR_WRITE}};
    set_entry(0, BUFFERS, 16, 0, 0);
    ring_add(device, pieces, 2);
    kick(device);
}

static void indirect_in_indirect(struct device *device)
{
    set_entry(0, TABLE, 16, DESCRIPTOR_INDIRECT, 0);
    offer(device, TABLE, 16, DESCRIPTOR_INDIRECT);
}

static void indirect_table_of_odd_length(struct device *device)
{
    offer(device, TABLE, 24, DESCRIPTOR_INDIRECT);
}

static void indirect_table_of_length_0(struct device *device)
{
    offer(device, TABLE, 0, DESCRIPTOR_INDIRECT);
}

static void indirect_table_above_ram(struct device *device)
{
    offer(device, machine.ram_base + MEMORY_SIZE - 16, 32, DESCRIPTOR_INDIRECT);
}

static void indirect_table_that_wraps(struct device *device)
{
    offer(device, ~0ull - 31, 64, DESCRIPTOR_INDIRECT);
}

static void indirect_table_of_4_gib(struct device *device)
{
    offer(device, TABLE, 0xfffffff0, DESCRIPTOR_INDIRECT);
}

static void indirect_chain_too_long(struct device *device)
{
    for (uint32_t i = 0; i < 4096; i++) {
        set_entry(i, BUFFERS, 16, DESCRIPTOR_WRITE | DESCRIPTOR_NEXT, (uint16_t)(i + 1));
    }
    offer(device, TABLE, 4096 * 16, DESCRIPTOR_INDIRECT);
}

static void indirect_loop(struct device *device)
{
    set_entry(0, BUFFERS, 16, DESCRIPTOR_WRITE | DESCRIPTOR_NEXT, 1);
    set_entry(1, BUFFERS, 16, DESCRIPTOR_WRITE | DESCRIPTOR_NEXT, 0);
    offer(device, TABLE, 32, DESCRIPTOR_INDIRECT);
}

static void indirect_next_behind_the_table(struct device *device)
{
    set_entry(0, BUFFERS, 16, DESCRIPTOR_WRITE | DESCRIPTOR_NEXT, 2);
    offer(device, TABLE, 32, DESCRIPTOR_INDIRECT);
}

/* The queue's own descriptors as an indirect table, which says so of itself. */
static void ring_as_its_own_table(struct device *device)
{
    offer(device, device->ring.descriptors, 16, DESCRIPTOR_INDIRECT);
}

/* Rings as buffers: what the device writes goes into them. */
static void ring_as_buffer(struct device *device)
{
    offer(device, device->ring.descriptors, 0x10000, DESCRIPTOR_WRITE);
    for (uint32_t i = 0; i < 16; i++) {
        kick(device);
    }
}

const struct provocation ring_provocations[] = {
    {"descriptors in a loop", loop_of_descriptors, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"a descriptor that follows itself", descriptor_that_follows_itself, ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0},
    {"a chain that leaves its table", next_behind_the_table, ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0},
    {"a chain that leaves its table by far", next_far_away, ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0},
    {"a descriptor out of range", head_out_of_range, ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0},
    {"an index that jumps", index_jumps, ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0},
    {"an index that goes back", index_goes_back, ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0},
    {"a buffer above RAM", address_above_ram, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"a buffer among devices", address_of_devices, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"a buffer in device registers", address_of_its_own_registers, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"a buffer far away", address_far_away, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"a buffer that wraps", address_that_wraps, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"a buffer past the end of RAM", buffer_past_the_end_of_ram, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"a buffer of 4 GiB", length_of_4_gib, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"a buffer of length 0", length_of_0, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"a piece to read behind one to write", read_after_write, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"an indirect table not negotiated", indirect_not_negotiated, ON_ANY, OUTCOME_NEEDS_RESET, 0},
    {"an indirect table that is continued", indirect_and_continued, ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"an indirect table in another", indirect_in_indirect, ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"an indirect table of odd length", indirect_table_of_odd_length, ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"an indirect table of length 0", indirect_table_of_length_0, ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"an indirect table past the end of RAM", indirect_table_above_ram, ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"an indirect table that wraps", indirect_table_that_wraps, ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"an indirect table of 4 GiB", indirect_table_of_4_gib, ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"an indirect chain too long", indirect_chain_too_long, ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"an indirect chain in a loop", indirect_loop, ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"an indirect chain that leaves its table", indirect_next_behind_the_table, ON_SPLIT | ON_LEGACY,
     OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"a ring that is its own table", ring_as_its_own_table, ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, F_INDIRECT},
    {"a ring that is its own buffer", ring_as_buffer, ON_ANY, OUTCOME_EITHER, 0},
    {0},
};
