/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arch/percpu.h>
#include <arch/port.h>
#include <arch/time.h>
#include <kernel/arch.h>
#include <kernel/control.h>
#include <kernel/fault.h>
#include <kernel/fpu.h>
#include <kernel/log.h>
#include <kernel/scheduler.h>
#include <kernel/signal.h>
#include <kernel/syscall.h>

#include "machine.h"

uint64_t fake_time;
struct cpu *fake_current_cpu;
struct kernel_system kernel_system;
enum vcpu_enter_result fake_vcpu_result;
unsigned int fake_vcpu_entries, fake_vcpu_resets;
unsigned int fake_masks, fake_unmasks;
bool fake_irq_is_masked;
void (*fake_before_mask)(struct irq *irq);
const struct fpu_state *fake_fpu_owner;
enum vcpu_enter_result fake_vcpu_always;

static struct cpu cpus[FAKE_CPUS];
static struct cpu_statistics cpu_statistics[FAKE_CPUS];
static struct thread threads[FAKE_MAX_THREADS];
static struct pd pds[FAKE_MAX_THREADS];
static struct thread_statistics thread_statistics[FAKE_MAX_THREADS];
static struct vcpu vcpus[FAKE_MAX_THREADS];
static struct vcpu_page vcpu_pages[FAKE_MAX_THREADS];
static struct vcpu_statistics vcpu_statistics[FAKE_MAX_THREADS];
static struct irq irqs[FAKE_MAX_THREADS];
static uint64_t messages[FAKE_MAX_THREADS][512];
static struct hardware_info hardware;
static bool interrupt_sent[FAKE_CPUS];
static uint64_t timer_armed[FAKE_CPUS];
static jmp_buf idle;

void fake_reset(void)
{
    memset(cpus, 0, sizeof(cpus));
    memset(threads, 0, sizeof(threads));
    memset(pds, 0, sizeof(pds));
    memset(vcpus, 0, sizeof(vcpus));
    memset(vcpu_pages, 0, sizeof(vcpu_pages));
    memset(vcpu_statistics, 0, sizeof(vcpu_statistics));
    memset(thread_statistics, 0, sizeof(thread_statistics));
    memset(irqs, 0, sizeof(irqs));
    memset(interrupt_sent, 0, sizeof(interrupt_sent));
    memset(&kernel_system, 0, sizeof(kernel_system));
    fake_time = 1000000;
    fake_vcpu_result = VCPU_ENTER_EXIT;
    fake_vcpu_entries = fake_vcpu_resets = fake_masks = fake_unmasks = 0;
    fake_irq_is_masked = false;
    fake_before_mask = NULL;
    fake_fpu_owner = NULL;
    fake_vcpu_always = VCPU_ENTER_EXIT;
    kernel_system.cpu_count = FAKE_CPUS;
    kernel_system.threads = threads;
    kernel_system.pds = pds;
    kernel_system.irqs = irqs;
    kernel_system.hardware = &hardware;
    for (uint32_t i = 0; i < FAKE_CPUS; i++) {
        kernel_system.cpus[i] = &cpus[i];
        scheduler_init_cpu(&cpus[i], i, &cpu_statistics[i], fake_time);
        timer_armed[i] = UINT64_MAX;
    }
}

static struct thread *new_thread(struct pd *pd, uint32_t cpu, uint8_t priority, uint64_t budget, uint64_t period)
{
    uint32_t number = kernel_system.thread_count++;
    assert_true(number < FAKE_MAX_THREADS);
    struct thread *thread = &threads[number];
    thread->pd = pd;
    thread->number = number;
    thread->index = pd->thread_count++;
    thread->cpu = cpu;
    thread->priority = priority;
    thread->message = messages[number];
    thread->statistics = &thread_statistics[number];
    thread->entry = 0x200000;
    thread->stack_top = 0x7fff0000;
    scheduler_init_context(thread, budget, period, 10, fake_time);
    control_start_thread(thread, thread->entry);
    ready_queue_push_back(&cpus[cpu].ready, thread);
    return thread;
}

struct thread *fake_thread(const char *name, uint32_t cpu, uint8_t priority, uint64_t budget, uint64_t period)
{
    struct pd *pd = &pds[kernel_system.pd_count];
    pd->number = kernel_system.pd_count++;
    pd->name = name;
    pd->threads = &threads[kernel_system.thread_count];
    return new_thread(pd, cpu, priority, budget, period);
}

struct thread *fake_sibling(uint32_t cpu, uint8_t priority)
{
    return new_thread(&pds[kernel_system.pd_count - 1], cpu, priority, 1000, 1000);
}

void fake_give_vcpu(struct thread *thread)
{
    struct vcpu *vcpu = &vcpus[thread->number];
    vcpu->page = &vcpu_pages[thread->number];
    vcpu->statistics = &vcpu_statistics[thread->number];
    thread->vcpu = vcpu;
    thread->listening = 1;
}

void fake_channel(struct thread *a, unsigned int a_id, struct thread *b, unsigned int b_id, bool a_calls)
{
    a->pd->channels[a_id] =
        (struct channel){.peer = b,
                         .bit = 1ull << b_id,
                         .peer_id = (uint8_t)b_id,
                         .flags = (uint8_t)(PLAN_CHANNEL_NOTIFY | (a_calls ? PLAN_CHANNEL_CALL : 0))};
    b->pd->channels[b_id] =
        (struct channel){.peer = a, .bit = 1ull << a_id, .peer_id = (uint8_t)a_id, .flags = PLAN_CHANNEL_NOTIFY};
}

void fake_parent(struct thread *parent, struct thread *child, unsigned int id)
{
    child->pd->parent = parent->pd;
    child->pd->child_id = id;
    parent->pd->children[id] = child->pd;
}

struct irq *fake_irq(struct thread *thread, unsigned int id, bool level)
{
    struct irq *irq = &irqs[kernel_system.irq_count++];
    irq->target = thread;
    irq->bit = 1ull << id;
    irq->level = level;
    thread->pd->irqs[id] = irq;
    return irq;
}

/* Whatever happened on the CPU: on to the next thread, or to sleep. */
static void leave(struct cpu *cpu)
{
    if (setjmp(idle) == 0) {
        kernel_exit(cpu);
    }
    fake_current_cpu = NULL;
}

static struct cpu *enter(uint32_t cpu)
{
    fake_current_cpu = &cpus[cpu];
    return fake_current_cpu;
}

void fake_start(void)
{
    for (uint32_t i = 0; i < FAKE_CPUS; i++) {
        leave(enter(i));
    }
}

struct thread *fake_current(uint32_t cpu)
{
    return cpus[cpu].current;
}

int64_t fake_call(struct thread *thread, uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    struct cpu *cpu = enter(thread->cpu);
    assert_ptr_equal(cpu->current, thread);
    fake_time += 3;
    thread->frame.rax = number;
    thread->frame.rdi = a;
    thread->frame.rsi = b;
    thread->frame.rdx = c;
    thread->frame.vector = FRAME_VECTOR_SYSCALL;
    syscall_handle(cpu, thread);
    leave(cpu);
    return (int64_t)thread->frame.rax;
}

void fake_fault(uint32_t cpu_index, uint32_t label)
{
    struct cpu *cpu = enter(cpu_index);
    struct fault fault = {.label = label, .length = 4, .words = {cpu->current->frame.rip, 0x1234, 0, 6}};
    if (label == FAULT_USER_EXCEPTION) {
        fault.length = 5;
        fault.words[4] = 99;
    }
    fake_time += 3;
    cpu->current->frame.vector = 14;
    fault_raise(cpu, cpu->current, &fault);
    leave(cpu);
}

uint64_t fake_time_now(void)
{
    return fake_time;
}

void fake_interrupt(struct irq *irq)
{
    struct cpu *cpu = enter(irq->target->cpu);
    irq_deliver(irq);
    leave(cpu);
}

void fake_wake(struct thread *thread)
{
    struct cpu *cpu = enter(thread->cpu);
    signal_thread(thread, 1ull << 60);
    leave(cpu);
}

bool fake_interrupt_pending(uint32_t cpu)
{
    return interrupt_sent[cpu];
}

static bool take_interrupts(struct cpu *cpu)
{
    bool any = false;
    if (interrupt_sent[cpu->index]) {
        interrupt_sent[cpu->index] = false;
        remote_requests_handle(cpu);
        any = true;
    }
    if (timer_armed[cpu->index] <= fake_time) {
        timer_armed[cpu->index] = UINT64_MAX;
        scheduler_timer_fired(cpu);
        any = true;
    }
    return any;
}

void fake_deliver_interrupts(uint32_t cpu_index)
{
    struct cpu *cpu = enter(cpu_index);
    if (take_interrupts(cpu)) {
        leave(cpu);
    }
    fake_current_cpu = NULL;
}

void fake_advance(uint64_t ticks)
{
    uint64_t end = fake_time + ticks;
    for (;;) {
        uint64_t next = end;
        for (uint32_t i = 0; i < FAKE_CPUS; i++) {
            next = timer_armed[i] < next ? timer_armed[i] : next;
        }
        fake_time = next > fake_time ? next : fake_time;
        bool due = false;
        for (uint32_t i = 0; i < FAKE_CPUS; i++) {
            if (timer_armed[i] <= fake_time) {
                due = true;
                fake_deliver_interrupts(i);
            }
        }
        if (!due) {
            return;
        }
    }
}

static bool in_list(const struct thread_list *list, const struct thread *thread)
{
    for (const struct thread *t = list->first; t != NULL; t = t->list_next) {
        if (t == thread) {
            return true;
        }
    }
    return false;
}

static void check_thread(const struct thread *thread)
{
    const struct cpu *cpu = &cpus[thread->cpu];
    bool quiet = !interrupt_sent[thread->cpu];

    assert_true(thread->sc == NULL || thread->sc->user == thread);
    assert_true(thread->home.user == NULL || thread->home.user->sc == &thread->home);
    assert_int_equal(thread->queued, in_list(&cpu->ready.lists[thread->priority], thread));
    if (thread->queued) {
        assert_true(thread_runnable(thread));
        assert_ptr_not_equal(cpu->current, thread);
    }
    if (thread_runnable(thread) && cpu->current != thread) {
        /* It can run, or there is a reason why not. */
        bool reason = thread->queued || (thread->sc != NULL && thread->sc->refill.armed) ||
                      (thread->sc == NULL && thread->home.user != NULL);
        assert_true(reason);
    }
    if (thread->block == BLOCK_RECEIVE && !thread->stopped && quiet) {
        assert_true(thread->pending == 0);
        assert_null(thread->callers.first);
    }
    if (thread->block == BLOCK_RECEIVE) {
        /* Nobody else's budget rests with it, nor a passive thread's own. */
        assert_null(thread->donor);
        assert_true(thread->sc == NULL || thread->sc == &thread->home);
        assert_true(thread->sc == NULL || !thread->passive);
    }
    if (thread->donor == NULL && thread->sc != NULL) {
        assert_ptr_equal(thread->sc, &thread->home);
    }
    for (unsigned int word = 0; word < PLAN_MAX_THREADS / 64; word++) {
        assert_true(thread->faulted_children[word] == 0 || (thread->pending & PENDING_FAULT) != 0);
    }
    if (thread->block == BLOCK_CALL) {
        assert_non_null(thread->callee);
        assert_false(thread->callee->stopped);
        assert_int_equal(thread->call_queued, in_list(&thread->callee->callers, thread));
    }
    if (thread->reply == REPLY_CALL) {
        assert_int_equal(thread->caller->block, BLOCK_CALL);
        assert_ptr_equal(thread->caller->callee, thread);
    }
    if (thread->block == BLOCK_CONTROL) {
        assert_int_equal(thread->controlled->control_locked, 1);
        assert_true(interrupt_sent[0] || interrupt_sent[1]);
    }
    for (const struct thread *t = thread->callers.first; t != NULL; t = t->list_next) {
        assert_true(t->list_next == NULL || t->priority >= t->list_next->priority);
    }
}

void fake_check_invariants(void)
{
    for (uint32_t i = 0; i < FAKE_CPUS; i++) {
        const struct cpu *cpu = &cpus[i];
        assert_null(cpu->next);
        assert_false(cpu->reschedule);
        if (cpu->current != NULL) {
            assert_true(thread_runnable(cpu->current));
            assert_non_null(cpu->current->sc);
            assert_ptr_equal(cpu->running, cpu->current->sc);
            assert_false(cpu->current->sc->refill.armed);
            assert_true(cpu->current->priority >= ready_queue_priority(&cpu->ready));
            assert_false(cpu->current->in_guest);
        } else {
            assert_int_equal(ready_queue_priority(&cpu->ready), -1);
        }
        assert_true(timer_queue_deadline(&cpu->timers) >= cpu->timer_armed);
        assert_true(cpu->timer_armed == timer_armed[i]);
    }
    for (uint32_t i = 0; i < kernel_system.thread_count; i++) {
        check_thread(&threads[i]);
    }
}

/* --- What the core asks of the architecture. --- */

void arch_timer_arm(uint64_t deadline)
{
    timer_armed[fake_current_cpu->index] = deadline;
}

void arch_interrupt_cpu(uint32_t cpu)
{
    interrupt_sent[cpu] = true;
}

void arch_switch_thread(struct thread *next)
{
    fpu_switch(next->fpu);
}

void arch_interrupt_window(void)
{
    take_interrupts(fake_current_cpu);
}

void arch_idle(void)
{
    longjmp(idle, 1);
}

void arch_irq_mask(struct irq *irq)
{
    if (fake_before_mask != NULL) {
        fake_before_mask(irq);
    }
    fake_irq_is_masked = true;
    fake_masks++;
}

void arch_irq_unmask(struct irq *irq)
{
    (void)irq;
    fake_irq_is_masked = false;
    fake_unmasks++;
}

uint32_t port_read(uint16_t port, unsigned int width)
{
    return port + width;
}

void port_write(uint16_t port, unsigned int width, uint32_t value)
{
    (void)port;
    (void)width;
    (void)value;
}

void arch_power_off(void)
{
}

void arch_reset(void)
{
}

void kernel_log(const char *format, ...)
{
    (void)format;
}

void kernel_log_text(const char *text, size_t length)
{
    (void)text;
    (void)length;
}

void fpu_switch(struct fpu_state *state)
{
    if (state != NULL) {
        fake_fpu_owner = state;
    }
}

void fpu_reset(struct fpu_state *state)
{
    if (fake_fpu_owner == state) {
        fake_fpu_owner = NULL;
    }
}

enum vcpu_enter_result vcpu_enter(struct vcpu *vcpu)
{
    vcpu->statistics->guest_ticks += 5;
    fake_time += 5;
    fake_vcpu_entries++;
    if (fake_vcpu_always == VCPU_ENTER_AGAIN) {
        assert_true(fake_vcpu_entries < 1000);
        return VCPU_ENTER_AGAIN; /* whatever interrupts are pending */
    }
    enum vcpu_enter_result result = fake_vcpu_result;
    if (interrupt_sent[fake_current_cpu->index] || timer_armed[fake_current_cpu->index] <= fake_time) {
        return VCPU_ENTER_INTERRUPTED;
    }
    /* Nothing else would end it here. */
    fake_vcpu_result = VCPU_ENTER_EXIT;
    return result;
}

void vcpu_read(struct vcpu *vcpu, uint32_t groups)
{
    (void)vcpu;
    (void)groups;
}

void vcpu_reset(struct vcpu *vcpu)
{
    fake_vcpu_resets++;
    memset(vcpu->page, 0, sizeof(*vcpu->page));
}
