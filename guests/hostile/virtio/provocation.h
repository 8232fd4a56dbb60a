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
    BARE = 1u << 6, /* does its own set-up */
    ON_MODERN = ON_SPLIT | ON_PACKED,
    ON_ANY = ON_MODERN | ON_LEGACY,
};

struct provocation {
    const char *name;
    void (*act)(struct device *device);
    uint32_t places;
    enum outcome expected;
    uint64_t features; /* wanted besides VERSION_1 */
};

/* Each ends with one without a name. */
extern const struct provocation ring_provocations[];
extern const struct provocation setup_provocations[];
extern const struct provocation register_provocations[];
extern const struct provocation pci_provocations[];
extern const struct provocation request_provocations[];

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
void race_stop(void);
