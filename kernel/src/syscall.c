/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/arch.h>
#include <kernel/call.h>
#include <kernel/control.h>
#include <kernel/fault.h>
#include <kernel/irq.h>
#include <kernel/log.h>
#include <kernel/receive.h>
#include <kernel/scheduler.h>
#include <kernel/signal.h>
#include <kernel/syscall.h>
#include <kernel/system.h>
#include <kernel/vcpu_thread.h>

static int64_t notify(const struct thread *thread, uint64_t id)
{
    if (id >= PLAN_CHANNEL_IDS || thread->pd->channels[id].peer == NULL) {
        return -SKYSCOPE_INVALID_CHANNEL;
    }
    const struct channel *channel = &thread->pd->channels[id];
    if ((channel->flags & PLAN_CHANNEL_NOTIFY) == 0) {
        return -SKYSCOPE_NOT_PERMITTED;
    }
    signal_thread(channel->peer, channel->bit);
    return SKYSCOPE_OK;
}

static int64_t acknowledge(const struct thread *thread, uint64_t id)
{
    if (id >= PLAN_CHANNEL_IDS || thread->pd->irqs[id] == NULL) {
        return -SKYSCOPE_INVALID_CHANNEL;
    }
    irq_acknowledge(thread->pd->irqs[id]);
    return SKYSCOPE_OK;
}

static int64_t send_first_half(const struct thread *thread, uint64_t id, uint64_t kind)
{
    if (kind > 1) {
        return -SKYSCOPE_INVALID_ARGUMENT;
    }
    return kind == 0 ? notify(thread, id) : acknowledge(thread, id);
}

static int64_t set_timer(struct cpu *cpu, struct thread *thread, uint64_t deadline)
{
    if (thread->vcpu != NULL) {
        return -SKYSCOPE_NOT_PERMITTED; /* its page has the deadline */
    }
    scheduler_set_timer(cpu, thread, deadline);
    return SKYSCOPE_OK;
}

static int64_t signal_sibling(const struct thread *thread, uint64_t index)
{
    if (index >= thread->pd->thread_count) {
        return -SKYSCOPE_INVALID_ARGUMENT;
    }
    signal_event(&thread->pd->threads[index], SKYSCOPE_EVENT_SIGNAL);
    return SKYSCOPE_OK;
}

static int64_t debug_write(const struct thread *thread)
{
    const struct user_frame *frame = &thread->frame;
    uint64_t words[4] = {frame_argument0(frame), frame_argument2(frame), frame_argument3(frame),
                         frame_argument4(frame)};
    uint64_t length = frame_argument1(frame);

    if (length > sizeof(words)) {
        return -SKYSCOPE_INVALID_ARGUMENT;
    }
    kernel_log_text((const char *)words, length);
    return SKYSCOPE_OK;
}

static int64_t go_passive(struct thread *thread)
{
    if ((thread->pd->flags & PLAN_PD_PASSIVE) == 0) {
        return -SKYSCOPE_NOT_PERMITTED;
    }
    thread->passive = true; /* the next receive gives up the budget */
    return SKYSCOPE_OK;
}

static int64_t system_operation(const struct thread *thread, uint64_t operation)
{
    if ((thread->pd->flags & PLAN_PD_SYSTEM_CONTROL) == 0) {
        return -SKYSCOPE_NOT_PERMITTED;
    }
    if (operation == SKYSCOPE_SYSTEM_POWER_OFF) {
        kernel_log("kernel: power off, as %s says\n", thread->pd->name);
        arch_power_off();
    } else if (operation == SKYSCOPE_SYSTEM_RESET) {
        kernel_log("kernel: reset, as %s says\n", thread->pd->name);
        arch_reset();
    } else {
        return -SKYSCOPE_INVALID_ARGUMENT;
    }
    return -SKYSCOPE_WRONG_STATE; /* the machine did not do it */
}

static int64_t get_time(struct thread *thread)
{
    frame_set_result0(&thread->frame, kernel_system.tick_frequency);
    frame_set_result2(&thread->frame, kernel_system.hardware->wall_clock);
    frame_set_result3(&thread->frame, kernel_system.hardware->wall_clock_ticks);
    return SKYSCOPE_OK;
}

__attribute__((noinline)) static void reply_receive(struct cpu *cpu, struct thread *thread, uint64_t info)
{
    if (thread->reply == REPLY_CALL) {
        call_reply(cpu, thread, info);
    } else if (thread->reply == REPLY_FAULT) {
        fault_reply(cpu, thread, info);
    }
    receive_wait(cpu, thread);
}

/* Calls that return a status at once. */
static int64_t simple_call(struct cpu *cpu, struct thread *thread, uint64_t number)
{
    struct user_frame *frame = &thread->frame;
    uint64_t a = frame_argument0(frame);
    uint64_t b = frame_argument1(frame);
    uint64_t c = frame_argument2(frame);

    switch (number) {
    case SYSCALL_NOTIFY:
        return notify(thread, a);
    case SYSCALL_IRQ_ACK:
        return acknowledge(thread, a);
    case SYSCALL_IOPORT:
        return arch_port_call(thread, a, b, c, frame_argument3(frame));
    case SYSCALL_VCPU_RUN:
        return -SKYSCOPE_NO_VCPU;
    case SYSCALL_VCPU_READ:
        if (thread->vcpu == NULL) {
            return -SKYSCOPE_NO_VCPU;
        }
        vcpu_read(thread->vcpu, (uint32_t)a);
        return SKYSCOPE_OK;
    case SYSCALL_TIMER:
        return set_timer(cpu, thread, a);
    case SYSCALL_THREAD_SIGNAL:
        return signal_sibling(thread, a);
    case SYSCALL_DEBUG_WRITE:
        return debug_write(thread);
    case SYSCALL_GO_PASSIVE:
        return go_passive(thread);
    case SYSCALL_YIELD:
        scheduler_yield(cpu);
        return SKYSCOPE_OK;
    case SYSCALL_SYSTEM:
        return system_operation(thread, a);
    case SYSCALL_PD_READ_REGISTERS:
        return control_read_registers(thread, a, b);
    case SYSCALL_PD_WRITE_REGISTERS:
        return control_write_registers(thread, a, b, c);
    case SYSCALL_TIME:
        return get_time(thread);
    default:
        return -SKYSCOPE_NO_SUCH_CALL;
    }
}

__attribute__((noinline)) static void call(struct cpu *cpu, struct thread *thread)
{
    struct user_frame *frame = &thread->frame;
    int64_t status = call_procedure(cpu, thread, frame_argument0(frame), frame_argument1(frame));

    if (status != SKYSCOPE_OK) {
        frame_set_status(frame, status);
    } /* else the reply sets it */
}

/* All but the most frequent calls, whose way through here is kept short. */
__attribute__((noinline)) static void handle(struct cpu *cpu, struct thread *thread, uint64_t number)
{
    struct user_frame *frame = &thread->frame;
    int64_t status;

    switch (number) {
    case SYSCALL_VCPU_WAIT:
        if (thread->vcpu != NULL) {
            vcpu_thread_wait(cpu, thread);
            return;
        }
        status = -SKYSCOPE_NO_VCPU;
        break;
    case SYSCALL_RECV:
        receive_wait(cpu, thread);
        return;
    case SYSCALL_SEND_RECV:
        status = send_first_half(thread, frame_argument0(frame), frame_argument2(frame));
        if (status == SKYSCOPE_OK) {
            receive_wait(cpu, thread);
            return;
        }
        break;
    case SYSCALL_PD_CONTROL:
        status = control_child(cpu, thread, frame_argument0(frame), frame_argument1(frame), frame_argument2(frame));
        break;
    case SYSCALL_POLL:
        receive_poll(thread);
        return;
    default:
        status = simple_call(cpu, thread, number);
        break;
    }
    frame_set_status(frame, status);
}

void syscall_handle(struct cpu *cpu, struct thread *thread)
{
    uint64_t number = frame_call_number(&thread->frame);

    if (number == SYSCALL_VCPU_RUN && thread->vcpu != NULL) {
        vcpu_thread_start(cpu, thread);
    } else if (number == SYSCALL_CALL) {
        call(cpu, thread);
    } else if (number == SYSCALL_REPLY_RECV) {
        reply_receive(cpu, thread, frame_argument1(&thread->frame));
    } else {
        handle(cpu, thread, number);
    }
}
