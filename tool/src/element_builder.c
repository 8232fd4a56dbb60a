/* SPDX-License-Identifier: BSD-2-Clause */
#include "element_builder.h"
#include <tool/layout.h>

#define QUEUE_STRIDE 0x100000ull

struct region *add_region(struct system *system, long line, const char *name, uint64_t size, uint64_t page_size,
                          struct blob *data)
{
    struct region *region = ARENA_NEW(&system->arena, struct region);
    region->line = line;
    region->name = arena_copy_string(&system->arena, name);
    region->size = size == 0 && data != NULL ? align_up(data->size, page_size) : size;
    region->size_given = true;
    region->page_size = page_size;
    region->page_size_given = true;
    region->prefill = data;
    region->prefill_path = data == NULL ? NULL : data->path;
    region->generated = true;
    list_append(&system->arena, &system->regions, region);
    return region;
}

struct map *add_map(struct system *system, struct list *maps, long line, const struct region *region, uint64_t address,
                    uint32_t permissions, const char *setvar)
{
    struct map *map = ARENA_NEW(&system->arena, struct map);
    map->line = line;
    map->region_name = region->name;
    map->address = address;
    map->address_valid = true;
    map->permissions = permissions;
    map->cached = true;
    map->setvar_vaddr = setvar;
    list_append(&system->arena, maps, map);
    return map;
}

struct pd *add_pd(struct system *system, long line, struct pd *parent, const char *name, const char *program,
                  uint32_t priority, uint64_t stack_size)
{
    struct pd *pd = ARENA_NEW(&system->arena, struct pd);
    pd->line = line;
    pd->parent = parent;
    pd->name = arena_copy_string(&system->arena, name);
    pd->priority = priority;
    pd->budget = 1000;
    pd->period = 1000;
    pd->stack_size = stack_size;
    pd->image_line = line;
    pd->image_path = program;
    pd->generated = true;
    list_append(&system->arena, parent == NULL ? &system->top_pds : &parent->children, pd);
    return pd;
}

void add_channel(struct system *system, long line, const struct pd *a, uint32_t a_id, const struct pd *b, uint32_t b_id)
{
    struct channel *channel = ARENA_NEW(&system->arena, struct channel);
    channel->line = line;
    channel->end_count = 2;
    channel->generated = true;
    channel->ends[0] =
        (struct channel_end){.line = line, .pd_name = a->name, .id = a_id, .id_valid = true, .notify = true};
    channel->ends[1] =
        (struct channel_end){.line = line, .pd_name = b->name, .id = b_id, .id_valid = true, .notify = true};
    list_append(&system->arena, &system->channels, channel);
}

struct blob *add_blob(struct system *system, const char *name, size_t size)
{
    struct blob *blob = ARENA_NEW(&system->arena, struct blob);
    blob->data = arena_allocate(&system->arena, size);
    blob->size = size;
    blob->path = name;
    blob->generated = true;
    return blob;
}

/* One direction: the queue page and the data, mapped into both. */
static void add_queue(struct system *system, long line, const char *name, uint32_t data_size,
                      const struct queue_side *producer, uint64_t producer_address, const struct queue_side *consumer,
                      uint64_t consumer_address)
{
    struct arena *arena = &system->arena;
    struct region *queue =
        add_region(system, line, arena_format(arena, "%s_queue", name), LAYOUT_PAGE, PAGE_SIZE_4K, NULL);
    struct region *data = add_region(system, line, arena_format(arena, "%s_data", name), data_size, PAGE_SIZE_4K, NULL);
    uint32_t read_write = PLAN_MAP_READ | PLAN_MAP_WRITE;
    add_map(system, &producer->pd->maps, line, queue, producer_address, read_write, NULL);
    add_map(system, &producer->pd->maps, line, data, producer_address + QUEUE_STRIDE, read_write, NULL);
    add_map(system, &consumer->pd->maps, line, queue, consumer_address, read_write, NULL);
    add_map(system, &consumer->pd->maps, line, data, consumer_address + QUEUE_STRIDE, PLAN_MAP_READ, NULL);
}

static void describe_side(const struct queue_side *side, uint32_t data_size)
{
    *side->config = (struct queue_pair_config){
        .transmit_queue = side->base,
        .transmit_data = side->base + QUEUE_STRIDE,
        .receive_queue = side->base + 2 * QUEUE_STRIDE,
        .receive_data = side->base + 3 * QUEUE_STRIDE,
        .transmit_capacity = data_size,
        .receive_capacity = data_size,
        .channel = side->channel,
        .present = 1,
    };
}

void add_queue_pair(struct system *system, long line, const char *prefix, uint32_t data_size,
                    const struct queue_side *first, const struct queue_side *second)
{
    struct arena *arena = &system->arena;
    add_queue(system, line, arena_format(arena, "%s_out", prefix), data_size, first, first->base, second,
              second->base + 2 * QUEUE_STRIDE);
    add_queue(system, line, arena_format(arena, "%s_in", prefix), data_size, second, second->base, first,
              first->base + 2 * QUEUE_STRIDE);
    describe_side(first, data_size);
    describe_side(second, data_size);
    add_channel(system, line, first->pd, first->channel, second->pd, second->channel);
}
