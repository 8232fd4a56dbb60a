/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of the person's terminal, found among the keys.
 *
 * A terminal that is asked for the position of its cursor (ESC [ 6 n) answers as if somebody typed ESC [ row ; column
 * R. The multiplexer asks, to learn how large the terminal is, and so do programs in guests. Terminals answer in the
 * order in which they are asked, so this keeps the order: an answer goes to who asked, the multiplexer's to no guest
 * and a guest's never to the multiplexer.
 *
 * Nobody waits for an answer. While one may come, a key ESC and what follows it are held back until it is clear that
 * they are none: REPORT_HOLD_MILLISECONDS at most. Whoever asked REPORT_PATIENCE_MILLISECONDS ago is not answered any
 * more; that is what becomes of all requests where there is no terminal.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define REPORT_PATIENCE_MILLISECONDS 5000u
#define REPORT_HOLD_MILLISECONDS     100u
#define REPORT_MAX_ASKED             32u
#define REPORT_OWN                   UINT32_MAX /* the multiplexer itself asked */
/* Of an answer; and of what one key can set free. */
#define REPORT_MAX_LENGTH            12u

struct terminal_reports {
    struct {
        uint32_t asker; /* client, or REPORT_OWN */
        uint64_t time;  /* milliseconds */
    } asked[REPORT_MAX_ASKED];
    uint32_t first, count;
    uint32_t length; /* keys that are held: the beginning of an answer */
    char held[REPORT_MAX_LENGTH];
    uint64_t held_since;
};

/* What a key was. */
struct terminal_key {
    uint32_t length;              /* of text */
    char text[REPORT_MAX_LENGTH]; /* keys, or the answer */
    bool is_answer;
    uint32_t asker;
    uint16_t row, column; /* of an answer */
};

/* Whether `asker` may ask: false if it has to do without, because too many are waiting or, for the multiplexer, because
 * it is waiting already. True: the question is noted, and has to be put to the terminal. */
bool terminal_reports_ask(struct terminal_reports *reports, uint32_t asker, uint64_t now);
/* A key. */
void terminal_reports_key(struct terminal_reports *reports, char key, uint64_t now, struct terminal_key *result);
/* Time has passed: sets free what has been held for too long. */
void terminal_reports_tick(struct terminal_reports *reports, uint64_t now, struct terminal_key *result);
/* When to call that at the latest, in milliseconds; 0: nothing is held. */
uint64_t terminal_reports_deadline(const struct terminal_reports *reports);
