/* SPDX-License-Identifier: BSD-2-Clause */
/* Runnable threads of one CPU, except the one that runs: a list per priority,
 * first in first out, and a bitmap of the lists that are not empty. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PRIORITY_COUNT 256u

struct thread;

struct thread_list {
    struct thread *first, *last;
};

struct ready_queue {
    uint64_t occupied[PRIORITY_COUNT / 64]; /* bit p % 64 of word p / 64: list p is not empty */
    uint32_t words;                         /* bit w: occupied[w] is not 0 */
    struct thread_list lists[PRIORITY_COUNT];
};

/* The thread must be in no list. */
void ready_queue_push_back(struct ready_queue *queue, struct thread *thread);
void ready_queue_push_front(struct ready_queue *queue, struct thread *thread);
/* The thread must be in this queue. */
void ready_queue_remove(struct ready_queue *queue, struct thread *thread);
/* The longest waiting of the highest priority; NULL: none. Stays in the queue. */
struct thread *ready_queue_first(const struct ready_queue *queue);

/* The highest priority in the queue; -1: it is empty. */
static inline int ready_queue_priority(const struct ready_queue *queue)
{
    if (queue->words == 0) {
        return -1;
    }
    int word = 31 - __builtin_clz(queue->words);
    return word * 64 + 63 - __builtin_clzll(queue->occupied[word]);
}

/* The same links in other lists: threads that wait for a protected procedure. */
void thread_list_insert_before(struct thread_list *list, struct thread *thread, struct thread *before);
void thread_list_remove(struct thread_list *list, struct thread *thread);
