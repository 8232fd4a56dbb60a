/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers: everything that the machine has goes into one root, from which
 * each program gets a seed of its own (<skyscope/program_seed.h>). The root does not
 * outlive the loader. What is said of it in hardware_info is how much it is worth.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <crypto/seed.h>
#include <loader/tpm.h>
#include <skyscope/boot_info.h>
#include <skyscope/plan.h>
#include <skyscope/program_seed.h>

struct entropy {
    struct seed_pool pool;
    struct hardware_entropy found;
    bool instruction; /* the CPUs have one that gives random numbers */
    uint8_t root[SEED_SIZE];
};

/* --- The root and the seeds (entropy.c) --- */

void entropy_start(struct entropy *entropy);
/* What a source is believed: bits of entropy per byte. */
enum entropy_credit { CREDIT_NONE = 0, CREDIT_HALF = 4, CREDIT_FULL = 8 };

/* Adds what a source gave. Whatever a source says, bytes that are all the same count
 * for nothing. */
void entropy_add(struct entropy *entropy, enum hardware_entropy_source source, const void *data, size_t size,
                 enum entropy_credit credit);
/* No more sources: makes the root. */
void entropy_finish(struct entropy *entropy);
/* The seed of the program whose memory is region number `index` of the plan. */
void entropy_seed(struct entropy *entropy, uint32_t index, const struct plan_region *region, struct program_seed *seed);
/* Forgets the root, and what was left on the stack. */
void entropy_end(struct entropy *entropy);
/* The names of the sources in a set (hardware_entropy.sources), with commas. text: ENTROPY_TEXT_SIZE bytes. */
#define ENTROPY_TEXT_SIZE 128u
void entropy_source_names(uint32_t sources, char *text);

/* --- All that this machine has (entropy_sources.c) --- */

/* Asks everybody, makes the root and says in *hardware what it is worth. tpm: opened, or with no interface. */
void entropy_collect(struct entropy *entropy, struct tpm *tpm, struct hardware_info *hardware);
