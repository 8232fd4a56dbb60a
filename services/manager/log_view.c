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
static bool open_view(struct view *view, const struct log_ring *ring, uint64_t region_size, uint32_t most)
{
    if (ring == NULL || region_size <= sizeof(*ring) || *(const volatile uint32_t *)&ring->magic != LOG_RING_MAGIC) {
        return false;
    }
    view->ring = ring;
    view->capacity = *(const volatile uint32_t *)&ring->capacity;
    if (view->capacity == 0 || view->capacity > region_size - sizeof(*ring)) {
        return false;
    }
    uint32_t limit = view->capacity < most ? view->capacity : most;
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

/* Text from position to the view's end. The writer may overwrite what was not read yet: that is left out. */
static void show_from(struct text_output *out, const struct view *view, uint64_t position)
{
    bool line_open = false;
    uint64_t lost = 0;
    for (uint64_t i = position; i < view->end; i++) {
        uint64_t written = __atomic_load_n(&view->ring->written, __ATOMIC_ACQUIRE);
        if (written > i && written - i > view->capacity) {
            uint64_t next = written - view->capacity < view->end ? written - view->capacity : view->end;
            lost += next - i;
            i = next - 1;
            continue;
        }
        char c = text_at(view, i);
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
    if (lost > 0) {
        print(out, "(%llu characters were overwritten meanwhile)\n", (unsigned long long)lost);
    }
    uint64_t dropped = __atomic_load_n(&view->ring->dropped, __ATOMIC_RELAXED);
    if (dropped > 0) {
        print(out, "(%llu lines were suppressed)\n", (unsigned long long)dropped);
    }
}

void show_log(struct text_output *out, const struct log_ring *ring, uint64_t region_size, uint32_t lines)
{
    struct view view;
    if (!open_view(&view, ring, region_size, VIEW_SIZE)) {
        print(out, "no log\n");
        return;
    }
    show_from(out, &view, start_of_last_lines(&view, lines));
}

void show_whole_log(struct text_output *out, const struct log_ring *ring, uint64_t region_size)
{
    struct view view;
    if (!open_view(&view, ring, region_size, UINT32_MAX)) {
        print(out, "no log\n");
        return;
    }
    show_from(out, &view, view.start);
}
