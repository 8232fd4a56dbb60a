/* SPDX-License-Identifier: BSD-2-Clause */
#include "log_view.h"

#include <stdbool.h>

/* Of a longer log, only so much of the end is looked at. */
#define VIEW_SIZE 0x4000u

struct view {
    uint64_t start, end; /* positions in what was ever written */
    uint32_t capacity;
    const struct log_ring *ring;
};

static char text_at(const struct view *view, uint64_t position)
{
    return *(const volatile char *)&view->ring->text[position % view->capacity];
}

/* Everything is read once: the writer goes on writing, and may be hostile. */
static bool open_view(struct view *view, const struct log_ring *ring, uint64_t region_size)
{
    if (ring == NULL || region_size <= sizeof(*ring) || *(const volatile uint32_t *)&ring->magic != LOG_RING_MAGIC) {
        return false;
    }
    view->ring = ring;
    view->capacity = *(const volatile uint32_t *)&ring->capacity;
    if (view->capacity == 0 || view->capacity > region_size - sizeof(*ring)) {
        return false;
    }
    uint32_t limit = view->capacity < VIEW_SIZE ? view->capacity : VIEW_SIZE;
    view->end = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);
    view->start = view->end > limit ? view->end - limit : 0;
    return true;
}

static uint64_t start_of_last_lines(const struct view *view, uint32_t lines)
{
    uint64_t position = view->end;
    while (position > view->start) {
        /* The newline that ends the last line does not begin another. */
        if (text_at(view, position - 1) == '\n' && position != view->end && lines-- <= 1) {
            break;
        }
        position--;
    }
    return position;
}

void show_log(struct text_output *out, const struct log_ring *ring, uint64_t region_size, uint32_t lines)
{
    struct view view;
    if (!open_view(&view, ring, region_size)) {
        print(out, "no log\n");
        return;
    }
    bool line_open = false;
    for (uint64_t i = start_of_last_lines(&view, lines); i < view.end; i++) {
        char c = text_at(&view, i);
        if (c == '\n') {
            print(out, "\n");
        } else if (c != '\r') {
            print(out, "%c", c >= 0x20 && c < 0x7f ? c : (c == '\t' ? ' ' : '?'));
        }
        line_open = c != '\n';
    }
    if (line_open) {
        print(out, "\n");
    }
    uint64_t dropped = __atomic_load_n(&ring->dropped, __ATOMIC_RELAXED);
    if (dropped > 0) {
        print(out, "(%llu lines were suppressed)\n", (unsigned long long)dropped);
    }
}
