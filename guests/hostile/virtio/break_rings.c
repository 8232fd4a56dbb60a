/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver must not put into a ring: VirtIO 1.2 §2.6 to §2.8. */
#include "provocation.h"

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

void offer_piece(struct device *device, const struct wrong_piece *piece)
{
    offer(device, address_of(piece->address), piece->length, piece->flags);
}

void table_set(uint32_t index, const struct piece *piece, uint16_t next)
{
    uint64_t at = TABLE + 16ull * index;
    write_at(at, 8, piece->address);
    write_at(at + 8, 4, piece->length);
    write_at(at + 12, 2, piece->flags);
    write_at(at + 14, 2, next);
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

static void address_of_its_own_registers(struct device *device)
{
    offer(device, device->registers | 0xa000000, 16, 0);
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
    table_set(0, &(struct piece){BUFFERS, 16, DESCRIPTOR_WRITE}, 0);
    offer(device, TABLE, 16, DESCRIPTOR_INDIRECT);
}

static void indirect_and_continued(struct device *device)
{
    const struct piece pieces[2] = {{TABLE, 16, DESCRIPTOR_INDIRECT}, {BUFFERS, 16, DESCRIPTOR_WRITE}};
    table_set(0, &(struct piece){BUFFERS, 16, 0}, 0);
    ring_add(device, pieces, 2);
    kick(device);
}

static void indirect_in_indirect(struct device *device)
{
    table_set(0, &(struct piece){TABLE, 16, DESCRIPTOR_INDIRECT}, 0);
    offer(device, TABLE, 16, DESCRIPTOR_INDIRECT);
}

static void indirect_chain_too_long(struct device *device)
{
    for (uint32_t i = 0; i < 4096; i++) {
        table_set(i, &(struct piece){BUFFERS, 16, DESCRIPTOR_WRITE | DESCRIPTOR_NEXT}, (uint16_t)(i + 1));
    }
    offer(device, TABLE, 4096 * 16, DESCRIPTOR_INDIRECT);
}

static void indirect_loop(struct device *device)
{
    table_set(0, &(struct piece){BUFFERS, 16, DESCRIPTOR_WRITE | DESCRIPTOR_NEXT}, 1);
    table_set(1, &(struct piece){BUFFERS, 16, DESCRIPTOR_WRITE | DESCRIPTOR_NEXT}, 0);
    offer(device, TABLE, 32, DESCRIPTOR_INDIRECT);
}

static void indirect_next_behind_the_table(struct device *device)
{
    table_set(0, &(struct piece){BUFFERS, 16, DESCRIPTOR_WRITE | DESCRIPTOR_NEXT}, 2);
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
    {"descriptors in a loop", ON_ANY, OUTCOME_NEEDS_RESET, 0, .act = loop_of_descriptors},
    {"a descriptor that follows itself", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0,
     .act = descriptor_that_follows_itself},
    {"a chain that leaves its table", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0, .act = next_behind_the_table},
    {"a chain that leaves its table by far", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0, .act = next_far_away},
    {"a descriptor out of range", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0, .act = head_out_of_range},
    {"an index that jumps", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0, .act = index_jumps},
    {"an index that goes back", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, 0, .act = index_goes_back},
    {"a buffer above RAM", ON_ANY, OUTCOME_NEEDS_RESET, 0,
     .piece = &(const struct wrong_piece){{AT_RAM_END, 0}, 16, DESCRIPTOR_WRITE}},
    {"a buffer among devices", ON_ANY, OUTCOME_NEEDS_RESET, 0,
     .piece = &(const struct wrong_piece){{AT_INTERRUPTS, 0}, 16, DESCRIPTOR_WRITE}},
    {"a buffer in device registers", ON_ANY, OUTCOME_NEEDS_RESET, 0, .act = address_of_its_own_registers},
    {"a buffer far away", ON_ANY, OUTCOME_NEEDS_RESET, 0,
     .piece = &(const struct wrong_piece){{AT_ZERO, 1ull << 63}, 4096, 0}},
    {"a buffer that wraps", ON_ANY, OUTCOME_NEEDS_RESET, 0,
     .piece = &(const struct wrong_piece){{AT_ZERO, ~15ull}, 4096, DESCRIPTOR_WRITE}},
    {"a buffer past the end of RAM", ON_ANY, OUTCOME_NEEDS_RESET, 0,
     .piece = &(const struct wrong_piece){{AT_RAM_END, -16ull}, 17, 0}},
    {"a buffer of 4 GiB", ON_ANY, OUTCOME_NEEDS_RESET, 0,
     .piece = &(const struct wrong_piece){{AT_BUFFERS, 0}, 0xffffffff, DESCRIPTOR_WRITE}},
    {"a buffer of length 0", ON_ANY, OUTCOME_NEEDS_RESET, 0,
     .piece = &(const struct wrong_piece){{AT_BUFFERS, 0}, 0, DESCRIPTOR_WRITE}},
    {"a piece to read behind one to write", ON_ANY, OUTCOME_NEEDS_RESET, 0, .act = read_after_write},
    {"an indirect table not negotiated", ON_ANY, OUTCOME_NEEDS_RESET, 0, .act = indirect_not_negotiated},
    {"an indirect table that is continued", ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT, .act = indirect_and_continued},
    {"an indirect table in another", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, F_INDIRECT,
     .act = indirect_in_indirect},
    {"an indirect table of odd length", ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT,
     .piece = &(const struct wrong_piece){{AT_TABLE, 0}, 24, DESCRIPTOR_INDIRECT}},
    {"an indirect table of length 0", ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT,
     .piece = &(const struct wrong_piece){{AT_TABLE, 0}, 0, DESCRIPTOR_INDIRECT}},
    {"an indirect table past the end of RAM", ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT,
     .piece = &(const struct wrong_piece){{AT_RAM_END, -16ull}, 32, DESCRIPTOR_INDIRECT}},
    {"an indirect table that wraps", ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT,
     .piece = &(const struct wrong_piece){{AT_ZERO, ~31ull}, 64, DESCRIPTOR_INDIRECT}},
    {"an indirect table of 4 GiB", ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT,
     .piece = &(const struct wrong_piece){{AT_TABLE, 0}, 0xfffffff0, DESCRIPTOR_INDIRECT}},
    {"an indirect chain too long", ON_ANY, OUTCOME_NEEDS_RESET, F_INDIRECT, .act = indirect_chain_too_long},
    {"an indirect chain in a loop", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, F_INDIRECT, .act = indirect_loop},
    {"an indirect chain that leaves its table", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, F_INDIRECT,
     .act = indirect_next_behind_the_table},
    {"a ring that is its own table", ON_SPLIT | ON_LEGACY, OUTCOME_NEEDS_RESET, F_INDIRECT,
     .act = ring_as_its_own_table},
    {"a ring that is its own buffer", ON_ANY, OUTCOME_EITHER, 0, .act = ring_as_buffer},
    {0},
};
