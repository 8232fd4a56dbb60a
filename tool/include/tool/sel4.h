/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same system on seL4, as a Microkit system: what boards there are, what of
 * them the tool must know, and what becomes of a system there. What only our own
 * kernel has is refused, or left out where the tool added it itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <tool/plan_builder.h>
#include <tool/system.h>

/* A board of the Microkit's SDK. */
struct sel4_board {
    const char *name;
    const struct target *target;
    uint64_t uart;            /* AArch64: physical address of the console's PL011 */
    uint32_t uart_interrupt;  /* its number at the GIC */
    uint32_t timer_interrupt; /* of the EL1 physical timer, which programs may use; x86-64: pin of the first IOAPIC */
    uint64_t hpet;            /* x86-64: where PCs have an HPET */
    uint64_t gicv;            /* virtual CPU interface of its GICv2, 0: it has none */
    uint32_t vcpus;           /* the most that a VM can have */
    const char *vcpus_reason; /* why no more */
};

/* NULL: no such board. */
const struct sel4_board *sel4_board_find(const char *name);
/* Names of all boards, for messages. */
const char *sel4_board_names(struct arena *arena);

/* Completes the request from the words of the command line, each of which may be NULL: board, else the SDK's only
 * board for the target (NULL: any). Looks into the SDK, if there is one. False: *reason says what is wrong. */
bool sel4_request_complete(struct arena *arena, struct sel4_request *request, const char *board,
                           const struct target *target, const char **reason);

/* Of an expanded system: places that are the board's, and what only our kernel provides. */
void sel4_adapt(struct system *system);
/* Reports what a Microkit system cannot have. */
void sel4_check(struct system *system);

/* Runs the SDK's microkit on a checked system, in a directory for temporary files. To `items`: the images that boot
 * it (struct payload_item). False: reported. */
bool sel4_build(struct system *system, const char *directory, bool verbose, struct list *items);
