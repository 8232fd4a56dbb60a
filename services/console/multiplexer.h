/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console multiplexer without its queues: which client is in front, what
 * was kept of each client's output, what goes to the terminal, and what the
 * keys mean. See services/console/console.c for how it is connected.
 *
 * All output of a client goes to its history first. What of it has not been
 * shown yet is filtered (terminal_filter.h) and staged for the terminal while
 * the client is in front.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skyscope/vm_config.h>

#include "terminal_filter.h"
#include "terminal_report.h"

/* What the manager may put in its output: this byte, then 0x40 plus the index of
 * the client to bring to the front, once everything before it has been shown. Has no
 * effect if the manager is not in front by then, nor from any other client. */
#define CONSOLE_SWITCH_INTRODUCER 0x1c
#define CONSOLE_SWITCH_BASE       0x40

#define MULTIPLEXER_STAGE_SIZE    0x4000u
/* Of it, what clients leave free for the multiplexer's own lines. */
#define MULTIPLEXER_STAGE_RESERVE 0x2000u

struct multiplexer_client {
    char name[VM_NAME_LENGTH]; /* printable */
    char *history;
    uint32_t history_size; /* bytes, power of two */
    bool is_manager;
    uint64_t written;       /* bytes ever received */
    uint64_t shown;         /* of them, shown, or given up */
    uint64_t input_dropped; /* characters typed that it had no room for */
};

struct multiplexer {
    struct multiplexer_client clients[CONSOLE_MAX_CLIENTS];
    uint32_t client_count;
    uint32_t front;
    uint8_t hot_key;
    bool hot_key_pressed;
    bool introducer_seen; /* in the manager's output */
    bool switch_pending;  /* by the manager */
    uint32_t switch_client;
    uint64_t switch_position; /* in the manager's output */
    struct terminal_filter filter;
    uint64_t now; /* milliseconds; whoever calls the functions below sets it, never back */
    struct terminal_reports reports;
    uint16_t columns, rows; /* of the terminal; 0: not known */
    /* Bytes for the terminal: stage[stage_head..stage_tail), both counting on. */
    uint32_t stage_head, stage_tail;
    char stage[MULTIPLEXER_STAGE_SIZE];
};

/* Starts without clients. hot_key: a control character, 0x01..0x1f. */
void multiplexer_initialise(struct multiplexer *m, uint8_t hot_key);
/* history_size: a power of two, at least 64. Clients are numbered in this order.
 * False if there are too many or the history is unusable. */
bool multiplexer_add_client(struct multiplexer *m, const char *name, char *history, uint32_t history_size,
                            bool is_manager);
/* Shows the greeting. In front is the manager, if there is one, until it says
 * otherwise, else the first client. */
void multiplexer_start(struct multiplexer *m);

/* Bytes that may be taken from this client now. In front: as much as can be kept
 * until the terminal has taken it; else: any amount (UINT32_MAX), the oldest is
 * forgotten. */
uint32_t multiplexer_accepts(const struct multiplexer *m, uint32_t client);
/* Output from a client. */
void multiplexer_receive(struct multiplexer *m, uint32_t client, const char *text, uint32_t length);
/* No input is waiting. Returns how many characters, which had been held back for too long by m->now, are to be sent to
 * client m->front: keys[]. */
uint32_t multiplexer_tick(struct multiplexer *m, char keys[REPORT_MAX_LENGTH]);
/* When to call that next at the latest, in milliseconds; 0: any time. */
uint64_t multiplexer_deadline(const struct multiplexer *m);
/* A character that came from the terminal: a key, or part of an answer. Returns as above. m->columns and m->rows may
 * have changed. */
uint32_t multiplexer_input(struct multiplexer *m, char character, char keys[REPORT_MAX_LENGTH]);
/* A key typed. True if it is to be sent to client m->front. */
bool multiplexer_key(struct multiplexer *m, char key);
/* Stages what can be shown. Call after the three above and after multiplexer_take. */
void multiplexer_pump(struct multiplexer *m);
/* Moves staged bytes for the terminal to `to`; returns how many. */
uint32_t multiplexer_take(struct multiplexer *m, char *to, uint32_t limit);
/* Staged bytes. */
uint32_t multiplexer_staged(const struct multiplexer *m);
