/* SPDX-License-Identifier: BSD-2-Clause */
#include "manager.h"

#include <base/memory.h>

#include "commands.h"
#include "fault_view.h"
#include "hardware_view.h"
#include "memory_view.h"
#include "statistics_view.h"
#include "verification_view.h"

static const char prompt[] = "manager> ";

static bool add_vm(struct manager *manager, const struct manager_vm_config *config)
{
    struct virtual_machine *vm = &manager->vms[manager->vm_count];
    memset(vm, 0, sizeof(*vm));
    vm->config = *config;
    vm->control = (struct vm_control *)(uintptr_t)config->control;
    if (strnlen(config->name, VM_NAME_LENGTH) == VM_NAME_LENGTH || config->name[0] == '\0' || vm->control == NULL ||
        config->control % 8 != 0 || config->log % 8 != 0 || config->channel >= PLAN_CHANNEL_IDS ||
        config->child_id >= PLAN_CHANNEL_IDS) {
        return false;
    }
    for (char *c = vm->config.name; *c != '\0'; c++) {
        /* The name is a word of the command line. */
        *c = *c > 0x20 && *c < 0x7f ? *c : '?';
    }
    manager->vm_count++;
    return true;
}

bool manager_initialise(struct manager *manager, const struct manager_operations *operations,
                        const struct manager_config *config, uint64_t tick_frequency)
{
    if (config == NULL || config->magic != MANAGER_CONFIG_MAGIC || config->version != MANAGER_CONFIG_VERSION ||
        config->size < sizeof(*config) || config->vm_count > MANAGER_MAX_VMS) {
        return false;
    }
    manager->operations = operations;
    manager->tick_frequency = tick_frequency;
    manager->hardware = check_hardware((const void *)(uintptr_t)config->hardware);
    manager->statistics = check_statistics((const void *)(uintptr_t)config->statistics);
    manager->kernel_log = (const struct log_ring *)(uintptr_t)config->kernel_log;
    manager->storage = (const struct storage_counters *)(uintptr_t)config->storage;
    manager->out = (struct text_output){.buffer = manager->output_buffer, .size = MANAGER_OUTPUT_SIZE};
    manager->vm_count = 0;
    manager->busy = false;
    export_initialise(manager, config->operator_key, config->operator_key_size);
    if (!net_initialise(manager, config) || !disk_initialise(manager, config)) {
        return false;
    }
    for (uint32_t i = 0; i < config->vm_count; i++) {
        if (!add_vm(manager, &config->vms[i])) {
            return false;
        }
    }
    line_editor_initialise(&manager->editor, &manager->out, prompt, command_candidates, manager);
    return true;
}

void manager_show_banner(struct manager *manager)
{
    struct text_output *out = &manager->out;
    print(out, "\nSkyscope");
    if (manager->hardware != NULL) {
        print(out, ", system ");
        print_untrusted(out, manager->hardware->system_name, sizeof(manager->hardware->system_name), 0);
    }
    print(out, "\n");
    if (manager->statistics != NULL) {
        show_kernel_summary(out, manager->statistics);
    }
    if (manager->hardware != NULL) {
        show_hardware_summary(out, manager->hardware);
        show_verification_summary(out, manager->hardware);
    }
    for (uint32_t i = 0; i < manager->vm_count; i++) {
        const struct manager_vm_config *vm = &manager->vms[i].config;
        print(out, "  VM %-2u     %s, %llu MiB, %u vCPU%s\n", (unsigned int)i, vm->name,
              (unsigned long long)(vm->memory >> 20), (unsigned int)vm->vcpu_count, vm->vcpu_count == 1 ? "" : "s");
    }
    print(out, "\n");
}

void manager_prompt(struct manager *manager)
{
    print(&manager->out, "Type help for a list of commands.\n");
    line_editor_next(&manager->editor);
}

void manager_key(struct manager *manager, char key)
{
    if (!line_editor_key(&manager->editor, key)) {
        return;
    }
    run_command(manager, manager->editor.line);
    if (!manager->busy) {
        line_editor_next(&manager->editor);
    }
}

bool manager_poll(struct manager *manager)
{
    bool waiting = false;
    for (uint32_t i = 0; i < manager->vm_count; i++) {
        struct virtual_machine *vm = &manager->vms[i];
        switch (request_poll(vm, manager->operations->now())) {
        case REQUEST_NONE:
            continue;
        case REQUEST_WAITING:
            waiting = true;
            continue;
        case REQUEST_ANSWERED:
            if (vm->command == VM_COMMAND_MEMORY && request_succeeded(vm)) {
                show_vm_memory(&manager->out, vm);
                break;
            }
            print(&manager->out, "%s: %s: %s\n", vm->config.name, vm_command_name(vm->command), request_result(vm));
            break;
        case REQUEST_TIMED_OUT:
            print(&manager->out, "%s: %s: its VMM does not answer\n", vm->config.name, vm_command_name(vm->command));
            break;
        }
        if (manager->busy && manager->busy_vm == i) {
            manager->busy = false;
            line_editor_next(&manager->editor);
        }
    }
    if (manager->net.printing || manager->net.waiting) {
        if (net_step(manager)) {
            waiting = true;
        } else {
            manager->busy = false;
            line_editor_next(&manager->editor);
        }
    }
    if (manager->disk.waiting) {
        if (disk_step(manager)) {
            waiting = true;
        } else {
            manager->busy = false;
            line_editor_next(&manager->editor);
        }
    }
    if (manager->log_export.active) {
        if (export_step(manager)) {
            waiting = true;
        } else {
            manager->busy = false;
            line_editor_next(&manager->editor);
        }
    }
    return waiting;
}

/* Keeps the fault's text for `export log`. */
static void remember_fault(struct virtual_machine *vm, uint64_t message_info)
{
    char buffer[256];
    struct text_output text = {.buffer = buffer, .size = sizeof(buffer)};
    show_fault(&text, (microkit_msginfo){{message_info}});
    vm->last_fault[text_output_take(&text, vm->last_fault, sizeof(vm->last_fault) - 1)] = '\0';
    vm->fault_count++;
}

void manager_child_faulted(struct manager *manager, unsigned int child, uint64_t message_info)
{
    struct text_output *out = &manager->out;
    struct virtual_machine *vm = NULL;
    uint32_t index = 0;
    for (uint32_t i = 0; i < manager->vm_count; i++) {
        if (manager->vms[i].config.child_id == child) {
            vm = &manager->vms[i];
            index = i;
        }
    }
    if (vm != NULL) {
        print(out, "\n%s: its VMM has failed and is stopped: ", vm->config.name);
    } else {
        print(out, "\nchild %u has failed and is stopped: ", child);
    }
    show_fault(out, (microkit_msginfo){{message_info}});
    print(out, "\n");
    manager->operations->stop_child(child);
    if (vm == NULL) {
        line_editor_show(&manager->editor);
        return;
    }
    print(out, "%s: the command start %s starts it anew\n", vm->config.name, vm->config.name);
    remember_fault(vm, message_info);
    vm->monitor_failed = true;
    vm->waiting = false;
    if (manager->busy && manager->busy_vm == index) {
        manager->busy = false;
        line_editor_next(&manager->editor);
    } else if (!manager->busy) {
        line_editor_show(&manager->editor);
    }
}
