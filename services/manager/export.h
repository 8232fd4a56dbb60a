/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `export log`: all logs and statistics that the manager can read, sealed to the
 * operator's public key, as text on the console. It is written piece by piece, as
 * the console takes it; the prompt waits meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <crypto/armour.h>
#include <crypto/seal.h>

#include "text_output.h"

struct manager;

/* Room for the longest section; power of two. What does not fit is counted and said. */
#define EXPORT_SECTION_SIZE 0x40000u
/* Bytes of text in a record. */
#define EXPORT_RECORD_DATA  4096u

struct log_export {
    bool active;
    unsigned int section;
    uint32_t records, bytes; /* written so far; bytes of text */
    struct seal_session session;
    struct armour_encoder armour;
    struct text_output text; /* the section that is being written */
    char text_buffer[EXPORT_SECTION_SIZE];
    uint8_t data[EXPORT_RECORD_DATA];
    uint8_t record[EXPORT_RECORD_DATA + SEAL_RECORD_OVERHEAD];
};

/* Takes over the operator's public key file from the configuration; address 0: none. */
void export_initialise(struct manager *manager, uint64_t key_file, uint64_t key_file_size);
/* Begins, or says why not. Then export_step() has to be called until it says false. */
void export_start(struct manager *manager);
/* Writes as much as the output has room for. True if more is to come. */
bool export_step(struct manager *manager);
