/* SPDX-License-Identifier: BSD-2-Clause */
/* Elements that the tool adds to a system, as if the system file had them. */
#pragma once

#include <tool/system.h>

/* size 0: that of the data. data may be NULL. */
struct region *add_region(struct system *system, long line, const char *name, uint64_t size, uint64_t page_size,
                          struct blob *data);
/* setvar: symbol that gets the address, or NULL. */
struct map *add_map(struct system *system, struct list *maps, long line, const struct region *region, uint64_t address,
                    uint32_t permissions, const char *setvar);
/* parent: NULL at the top. The program is a name to search for. */
struct pd *add_pd(struct system *system, long line, struct pd *parent, const char *name, const char *program,
                  uint32_t priority, uint64_t stack_size);
void add_channel(struct system *system, long line, const struct pd *a, uint32_t a_id, const struct pd *b,
                 uint32_t b_id);
/* Zeroed bytes under a file name made from the arguments. */
struct blob *add_blob(struct system *system, const char *name, size_t size);

/* Four regions that make a queue pair between two PDs, at `base` and above in each: queue
 * pages writable by both, data writable by the producer. Fills in both sides' view. */
struct queue_side {
    struct pd *pd;
    uint64_t base;
    uint32_t channel;
    struct queue_pair_config *config;
};
/* data_size: bytes of characters in each direction, a power of two up to QUEUE_DATA_MAXIMUM. */
void add_queue_pair(struct system *system, long line, const char *prefix, uint32_t data_size,
                    const struct queue_side *first, const struct queue_side *second);
#define QUEUE_DATA_MAXIMUM 0x100000u
/* Address space that a queue pair takes from its base. */
#define QUEUE_PAIR_SPAN    0x400000ull
