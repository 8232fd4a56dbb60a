/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtual_machine.h"

#include <base/memory.h>

static const char *const command_names[] = {
    [VM_COMMAND_START] = "start",       [VM_COMMAND_STOP] = "stop",   [VM_COMMAND_PAUSE] = "pause",
    [VM_COMMAND_RESUME] = "resume",     [VM_COMMAND_RESET] = "reset", [VM_COMMAND_SHUTDOWN] = "shutdown",
    [VM_COMMAND_MEMORY] = "memory",     [VM_COMMAND_PLUG] = "plug",   [VM_COMMAND_UNPLUG] = "unplug",
    [VM_COMMAND_PULL] = "unplug force",
};
#define COMMAND_COUNT (sizeof(command_names) / sizeof(command_names[0]))

const char *vm_command_name(enum vm_command command)
{
    return (size_t)command < COMMAND_COUNT ? command_names[command] : NULL;
}

bool vm_command_from_name(const char *name, enum vm_command *command)
{
    for (unsigned int i = VM_COMMAND_START; i <= VM_COMMAND_SHUTDOWN; i++) {
        if (strcmp(name, command_names[i]) == 0) {
            *command = (enum vm_command)i;
            return true;
        }
    }
    return false;
}

enum vm_state vm_state_of(const struct virtual_machine *vm)
{
    if (vm->monitor_failed) {
        return VM_STATE_FAILED;
    }
    return (enum vm_state)__atomic_load_n(&vm->control->status.state, __ATOMIC_RELAXED);
}

const char *vm_state_name(enum vm_state state)
{
    switch (state) {
    case VM_STATE_STARTING:
        return "starting";
    case VM_STATE_STOPPED:
        return "stopped";
    case VM_STATE_RUNNING:
        return "running";
    case VM_STATE_PAUSED:
        return "paused";
    case VM_STATE_FAILED:
        return "failed";
    default:
        return "unknown";
    }
}

void request_write(struct virtual_machine *vm, enum vm_command command, uint64_t argument, const char *device,
                   uint64_t deadline)
{
    vm->command = command;
    vm->monitor_restarted = vm->monitor_failed;
    vm->waiting = true;
    vm->deadline = deadline;
    vm->sequence++;
    __atomic_store_n(&vm->control->request.command, (uint32_t)command, __ATOMIC_RELAXED);
    __atomic_store_n(&vm->control->request.argument, argument, __ATOMIC_RELAXED);
    strlcpy(vm->control->request.device, device, sizeof(vm->control->request.device));
    __atomic_store_n(&vm->control->request.sequence, vm->sequence, __ATOMIC_RELEASE);
}

enum request_state request_poll(struct virtual_machine *vm, uint64_t now)
{
    if (!vm->waiting) {
        return REQUEST_NONE;
    }
    if (__atomic_load_n(&vm->control->status.sequence, __ATOMIC_ACQUIRE) == vm->sequence) {
        vm->waiting = false;
        return REQUEST_ANSWERED;
    }
    if (now >= vm->deadline) {
        vm->waiting = false;
        return REQUEST_TIMED_OUT;
    }
    return REQUEST_WAITING;
}

bool request_succeeded(const struct virtual_machine *vm)
{
    return __atomic_load_n(&vm->control->status.result, __ATOMIC_RELAXED) == VM_RESULT_DONE;
}

const char *request_result(const struct virtual_machine *vm)
{
    switch (__atomic_load_n(&vm->control->status.result, __ATOMIC_RELAXED)) {
    case VM_RESULT_DONE:
        return "done";
    case VM_RESULT_WRONG_STATE:
        if (vm->command == VM_COMMAND_START && vm_state_of(vm) == VM_STATE_RUNNING) {
            /* Its VMM has started it already, by itself. */
            return vm->monitor_restarted ? "done" : "it is running";
        }
        if (vm->command == VM_COMMAND_PLUG) {
            return "it is plugged";
        }
        if (vm->command == VM_COMMAND_UNPLUG || vm->command == VM_COMMAND_PULL) {
            return "it is not plugged";
        }
        return "not possible in its present state";
    case VM_RESULT_UNKNOWN_COMMAND:
        return "its VMM does not know this command";
    case VM_RESULT_NO_DEVICE:
        return vm->command == VM_COMMAND_MEMORY ? "it has no <balloon>" : "it has no such device";
    case VM_RESULT_FIXED:
        return "the device is fixed; its element in the system file does not say hotplug=\"true\"";
    case VM_RESULT_GUEST_KEEPS_IT:
        return "the guest was asked, and has not let go of it yet; it may still do so, or unplug ... force pulls it";
    default:
        return "failed; see its log";
    }
}

void show_vm_heading(struct text_output *out)
{
    print(out, " #  NAME              STATE     BOOTS  VCPUS  MEMORY     GUEST s     VMM s  INTERRUPTS  ERRORS\n");
}

static void show_exits(struct text_output *out, const struct vm_usage *usage)
{
    print(out, "    exits:");
    bool any = false;
    for (unsigned int kind = 0; kind < VCPU_EXIT_KIND_COUNT; kind++) {
        if (usage->exits[kind] != 0) {
            print(out, "%s %s %llu", any ? "," : "", exit_kind_name(kind), (unsigned long long)usage->exits[kind]);
            any = true;
        }
    }
    print(out, "%s\n", any ? "" : " none");
}

void show_vm(struct text_output *out, uint32_t index, const struct virtual_machine *vm,
             const struct kernel_statistics *statistics)
{
    /* Each field of the VMM's page is read once. */
    const volatile struct vm_control *control = vm->control;
    struct vm_usage usage = {0};
    uint64_t frequency = 0;
    if (statistics != NULL) {
        usage = vm_usage_of(statistics, vm->config.kernel_vm);
        frequency = statistics->tick_frequency;
    }
    print(out, "%2u  ", (unsigned int)index);
    print_untrusted(out, vm->config.name, VM_NAME_LENGTH, 16);
    print(out, "  %-8s  %5u  %5u  %6llu MiB ", vm_state_name(vm_state_of(vm)), (unsigned int)control->status.boots,
          (unsigned int)vm->config.vcpu_count, (unsigned long long)(vm->config.memory >> 20));
    print_time(out, usage.guest_ticks, frequency);
    print(out, "  ");
    print_time(out, usage.monitor_ticks, frequency);
    print(out, "  %10llu  %6llu\n", (unsigned long long)control->status.interrupts_injected + usage.interrupts,
          (unsigned long long)control->status.guest_errors);
    if (statistics != NULL) {
        show_exits(out, &usage);
    }
    if (*(const volatile char *)vm->control->status.reason != '\0') {
        print(out, "    last stopped: ");
        print_untrusted(out, vm->control->status.reason, VM_REASON_LENGTH, 0);
        print(out, "\n");
    }
    uint64_t lost = control->status.console_bytes_dropped;
    if (lost != 0) {
        print(out, "    console characters lost: %llu\n", (unsigned long long)lost);
    }
}

void show_raw_vm(struct text_output *out, uint32_t index, const struct virtual_machine *vm)
{
    const volatile struct vm_control *control = vm->control;
    const struct {
        const char *key;
        uint64_t value;
    } counters[] = {
        {"interrupts_injected", control->status.interrupts_injected},
        {"queue_notifications", control->status.queue_notifications},
        {"queue_interrupts", control->status.queue_interrupts},
        {"queue_interrupts_saved", control->status.queue_interrupts_saved},
    };
    print(out, "vm.%u.name ", (unsigned int)index);
    print_untrusted(out, vm->config.name, VM_NAME_LENGTH, 0);
    print(out, "\n");
    for (uint32_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        print(out, "vm.%u.%s %llu\n", (unsigned int)index, counters[i].key, (unsigned long long)counters[i].value);
    }
}
