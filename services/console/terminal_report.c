/* SPDX-License-Identifier: BSD-2-Clause */
#include "terminal_report.h"

#include <base/memory.h>

#define ESCAPE     0x1b
/* Digits of a row or a column. */
#define MAX_DIGITS 4u

/* --- Who asked --- */

static void forget_first(struct terminal_reports *reports)
{
    reports->first = (reports->first + 1) % REPORT_MAX_ASKED;
    reports->count--;
}

static void forget_old(struct terminal_reports *reports, uint64_t now)
{
    while (reports->count != 0 && now - reports->asked[reports->first].time > REPORT_PATIENCE_MILLISECONDS) {
        forget_first(reports);
    }
}

bool terminal_reports_ask(struct terminal_reports *reports, uint32_t asker, uint64_t now)
{
    forget_old(reports, now);
    /* Clients leave one place to the multiplexer. */
    if (asker != REPORT_OWN && reports->count >= REPORT_MAX_ASKED - 1) {
        return false;
    }
    for (uint32_t i = 0; asker == REPORT_OWN && i < reports->count; i++) {
        if (reports->asked[(reports->first + i) % REPORT_MAX_ASKED].asker == REPORT_OWN) {
            return false;
        }
    }
    uint32_t place = (reports->first + reports->count++) % REPORT_MAX_ASKED;
    reports->asked[place].asker = asker;
    reports->asked[place].time = now;
    return true;
}

/* --- What an answer looks like --- */

enum shape { NO_ANSWER, PART_OF_ANSWER, WHOLE_ANSWER };

/* A number of up to MAX_DIGITS digits; the position behind it. */
static uint32_t number(const char *text, uint32_t at, uint32_t length, uint16_t *value)
{
    uint32_t start = at;
    *value = 0;
    while (at < length && at - start < MAX_DIGITS && text[at] >= '0' && text[at] <= '9') {
        *value = (uint16_t)(*value * 10 + (text[at++] - '0'));
    }
    return at;
}

/* ESC [ row ; column R */
static enum shape look(const char *text, uint32_t length, uint16_t *row, uint16_t *column)
{
    if (text[0] != ESCAPE || (length > 1 && text[1] != '[')) {
        return NO_ANSWER;
    }
    if (length <= 2) {
        return PART_OF_ANSWER;
    }
    uint32_t at = number(text, 2, length, row);
    if (at == length) {
        return PART_OF_ANSWER;
    }
    if (at == 2 || text[at] != ';') {
        return NO_ANSWER;
    }
    uint32_t second = at + 1;
    at = number(text, second, length, column);
    if (at == length) {
        return PART_OF_ANSWER;
    }
    return at != second && text[at] == 'R' ? WHOLE_ANSWER : NO_ANSWER;
}

/* --- Keys --- */

static void set_free(struct terminal_reports *reports, struct terminal_key *result)
{
    memcpy(result->text, reports->held, reports->length);
    result->length = reports->length;
    reports->length = 0;
}

void terminal_reports_key(struct terminal_reports *reports, char key, uint64_t now, struct terminal_key *result)
{
    *result = (struct terminal_key){0};
    forget_old(reports, now);
    if (reports->length == 0 && (key != ESCAPE || reports->count == 0)) {
        result->text[result->length++] = key;
        return;
    }
    if (reports->length == 0) {
        reports->held_since = now;
    }
    reports->held[reports->length++] = key; /* what is held is shorter than the longest answer */
    enum shape shape = look(reports->held, reports->length, &result->row, &result->column);
    if (shape == PART_OF_ANSWER) {
        return;
    }
    set_free(reports, result);
    if (shape == NO_ANSWER && key == ESCAPE) { /* with it an answer may begin */
        result->length--;
        reports->held[reports->length++] = key;
        reports->held_since = now;
    }
    /* In the first row the cursor may be, but F3 with Shift or Ctrl looks just so: it counts as keys, and the one who
     * asked first gets them. */
    if (shape == WHOLE_ANSWER && result->row > 1 && reports->count != 0) {
        result->is_answer = true;
        result->asker = reports->asked[reports->first].asker;
        forget_first(reports);
    }
}

void terminal_reports_tick(struct terminal_reports *reports, uint64_t now, struct terminal_key *result)
{
    *result = (struct terminal_key){0};
    if (reports->length != 0 && now - reports->held_since >= REPORT_HOLD_MILLISECONDS) {
        set_free(reports, result);
    }
}

uint64_t terminal_reports_deadline(const struct terminal_reports *reports)
{
    return reports->length != 0 ? reports->held_since + REPORT_HOLD_MILLISECONDS : 0;
}
