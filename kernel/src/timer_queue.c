/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/timer_queue.h>

void timer_queue_insert(struct timer_queue *queue, struct timer *timer)
{
    struct timer *previous = NULL;
    struct timer *next = queue->first;
    while (next != NULL && next->deadline <= timer->deadline) {
        previous = next;
        next = next->next;
    }
    timer->previous = previous;
    timer->next = next;
    timer->armed = true;
    if (previous == NULL) {
        queue->first = timer;
    } else {
        previous->next = timer;
    }
    if (next != NULL) {
        next->previous = timer;
    }
}

void timer_queue_remove(struct timer_queue *queue, struct timer *timer)
{
    if (!timer->armed) {
        return;
    }
    if (timer->previous == NULL) {
        queue->first = timer->next;
    } else {
        timer->previous->next = timer->next;
    }
    if (timer->next != NULL) {
        timer->next->previous = timer->previous;
    }
    timer->armed = false;
    timer->next = NULL;
    timer->previous = NULL;
}
