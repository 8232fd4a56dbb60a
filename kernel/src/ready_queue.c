/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/ready_queue.h>
#include <kernel/thread.h>

void thread_list_insert_before(struct thread_list *list, struct thread *thread, struct thread *before)
{
    struct thread *previous = before == NULL ? list->last : before->list_previous;
    thread->list_previous = previous;
    thread->list_next = before;
    if (previous == NULL) {
        list->first = thread;
    } else {
        previous->list_next = thread;
    }
    if (before == NULL) {
        list->last = thread;
    } else {
        before->list_previous = thread;
    }
}

void thread_list_remove(struct thread_list *list, struct thread *thread)
{
    if (thread->list_previous == NULL) {
        list->first = thread->list_next;
    } else {
        thread->list_previous->list_next = thread->list_next;
    }
    if (thread->list_next == NULL) {
        list->last = thread->list_previous;
    } else {
        thread->list_next->list_previous = thread->list_previous;
    }
    thread->list_next = NULL;
    thread->list_previous = NULL;
}

static void mark(struct ready_queue *queue, struct thread *thread)
{
    queue->occupied[thread->priority / 64] |= 1ull << (thread->priority % 64);
    queue->words |= 1u << (thread->priority / 64);
    thread->queued = true;
}

void ready_queue_push_back(struct ready_queue *queue, struct thread *thread)
{
    thread_list_insert_before(&queue->lists[thread->priority], thread, NULL);
    mark(queue, thread);
}

void ready_queue_push_front(struct ready_queue *queue, struct thread *thread)
{
    struct thread_list *list = &queue->lists[thread->priority];
    thread_list_insert_before(list, thread, list->first);
    mark(queue, thread);
}

void ready_queue_remove(struct ready_queue *queue, struct thread *thread)
{
    struct thread_list *list = &queue->lists[thread->priority];
    thread_list_remove(list, thread);
    thread->queued = false;
    if (list->first == NULL) {
        queue->occupied[thread->priority / 64] &= ~(1ull << (thread->priority % 64));
        if (queue->occupied[thread->priority / 64] == 0) {
            queue->words &= ~(1u << (thread->priority / 64));
        }
    }
}

struct thread *ready_queue_first(const struct ready_queue *queue)
{
    int priority = ready_queue_priority(queue);

    return priority < 0 ? NULL : queue->lists[priority].first;
}
