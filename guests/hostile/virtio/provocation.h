/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways of breaking the rules, and what a device is to be like afterwards. */
#pragma once

#include "device.h"

enum outcome {
    OUTCOME_NEEDS_RESET, /* says so (legacy interfaces cannot), and answers nothing more until then */
    OUTCOME_GOES_ON,     /* the device ignores it, and answers the next request */
    OUTCOME_REFUSED,     /* FEATURES_OK does not stay */
    OUTCOME_EITHER,      /* as it comes; a reset brings it back */
    OUTCOMES,
};

/* Where a provocation makes sense. */
enum place {
    ON_SPLIT = 1u << 0,
    ON_PACKED = 1u << 1,
    ON_LEGACY = 1u << 2,
    ON_PCI_ONLY = 1u << 3,
    ON_PORTS_ONLY = 1u << 4,
    ON_MMIO_LEGACY_ONLY = 1u << 5,
    ON_CONSOLES_ONLY = 1u << 6,
    BARE = 1u << 7, /* does its own set-up */
    ON_MODERN = ON_SPLIT | ON_PACKED,
    ON_ANY = ON_MODERN | ON_LEGACY,
};

/* An address, of which only the program that runs knows where it is. */
enum base {
    AT_ZERO,
    AT_POOL,
    AT_BUFFERS,
    AT_TABLE,
    AT_RAM_END,
    AT_INTERRUPTS, /* an interrupt controller's registers */
};
struct address {
    enum base base;
    uint64_t offset;
};
uint64_t address_of(struct address address);

/* A buffer of one piece. */
struct wrong_piece {
    struct address address;
    uint32_t length;
    uint16_t flags;
};

/* A queue of that size, or with areas elsewhere; those that are 0 are as they should be. */
struct wrong_queue {
    bool resized;
    uint32_t size;
    struct address descriptors, driver, area;
};

/* It does one of three things. */
struct provocation {
    const char *name;
    uint32_t places;
    enum outcome expected;
    uint64_t features; /* wanted besides VERSION_1 */
    void (*act)(struct device *device);
    const struct wrong_piece *piece; /* makes it available */
    const struct wrong_queue *queue; /* starts it */
};

/* Each ends with one without a name. */
extern const struct provocation ring_provocations[];
extern const struct provocation setup_provocations[];
extern const struct provocation register_provocations[];
extern const struct provocation pci_provocations[];
extern const struct provocation request_provocations[];
extern const struct provocation console_provocations[];

void offer_piece(struct device *device, const struct wrong_piece *piece);
void start_queue(struct device *device, const struct wrong_queue *queue);

/* --- Where what is offered lies: buffers, and an indirect table --- */

#define BUFFER_AREA 0x10000u
#define BUFFERS     (pool_base() + POOL_BUFFERS)
#define TABLE       (BUFFERS + BUFFER_AREA)

/* A descriptor of the table; next: of split queues. */
void table_set(uint32_t index, const struct piece *piece, uint16_t next);

/* --- What all use --- */

#define PATIENCE 60000u /* milliseconds until a device that goes on has answered, or a processor */

/* xorshift64: the same for the same seed. */
extern uint64_t random_state;
uint64_t random_number(void);

/* Some other device that has a memory BAR, or NULL. */
const struct device *other_device(const struct device *device);

/* Something that did not go as it should: counted and printed. */
void surprise(const struct device *device, const char *provocation, const char *what, uint64_t value);

/* --- The second processor --- */

enum race {
    RACE_NONE,
    RACE_RING,     /* writes into descriptors and available ring */
    RACE_TABLE,    /* into what lies in the buffers: indirect tables, requests */
    RACE_FEED,     /* makes buffers available without end */
    RACE_REGISTERS /* resets, notifications, features, queues */
};
/* False: there is no second processor. */
bool race_start(enum race race, const struct device *device);
/* Says so if the second processor does not end, and starts the machine anew. */
void race_stop(const struct device *device, const char *provocation);
