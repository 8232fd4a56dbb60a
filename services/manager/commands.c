/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"

#include <base/memory.h>

#include <skyscope/vm_devices.h>

#include "command_line.h"
#include "device_view.h"
#include "disk_view.h"
#include "hardware_view.h"
#include "log_view.h"
#include "tpm_view.h"
#include "verification_view.h"

#define DEFAULT_LOG_LINES 40u
#define MAX_LOG_LINES     2000u

/* What the word after a command is, for completion. */
enum argument {
    ARGUMENT_NONE,
    ARGUMENT_VM,
    ARGUMENT_LOG,
    ARGUMENT_HARDWARE,
    ARGUMENT_RAW,
    ARGUMENT_EXPORT,
    ARGUMENT_TPM,
    ARGUMENT_DISK,
    ARGUMENT_NET,
    ARGUMENT_MEMORY
};

struct command {
    const char *name;
    const char *arguments;
    const char *summary;
    void (*run)(struct manager *manager, const struct command_words *words);
    enum argument argument;
};

static const char *const hardware_topics[] = {"cpu", "memory", "pci", "platform", "firmware", "signatures"};
#define TOPIC_COUNT (sizeof(hardware_topics) / sizeof(hardware_topics[0]))

static const char *const net_commands[] = {"list", "show", "link", "limit", "capture", "plug", "unplug"};
#define NET_COMMAND_COUNT (sizeof(net_commands) / sizeof(net_commands[0]))

static const char *const disk_commands[] = {"list", "plug", "unplug", "limit"};
#define DISK_COMMAND_COUNT (sizeof(disk_commands) / sizeof(disk_commands[0]))

/* --- Finding VMs --- */

static struct virtual_machine *find_vm(struct manager *manager, const char *name)
{
    uint32_t number;
    for (uint32_t i = 0; i < manager->vm_count; i++) {
        if (strcmp(manager->vms[i].config.name, name) == 0) {
            return &manager->vms[i];
        }
    }
    if (parse_number(name, MANAGER_MAX_VMS, &number) && number < manager->vm_count) {
        return &manager->vms[number];
    }
    print(&manager->out, "there is no VM %s; list shows them\n", name);
    return NULL;
}

/* --- Showing --- */

static void run_list(struct manager *manager, const struct command_words *words)
{
    (void)words;
    show_vm_heading(&manager->out);
    for (uint32_t i = 0; i < manager->vm_count; i++) {
        show_vm(&manager->out, i, &manager->vms[i], manager->statistics);
    }
}

static bool have_statistics(struct manager *manager)
{
    if (manager->statistics == NULL) {
        print(&manager->out, "this system does not give the manager the kernel's statistics\n");
    }
    return manager->statistics != NULL;
}

static void run_pds(struct manager *manager, const struct command_words *words)
{
    (void)words;
    if (have_statistics(manager)) {
        show_pds(&manager->out, manager->statistics);
    }
}

static void run_features(struct manager *manager, const struct command_words *words)
{
    (void)words;
    if (have_statistics(manager)) {
        show_features(&manager->out, manager->statistics);
    }
}

static void run_statistics(struct manager *manager, const struct command_words *words)
{
    if (!have_statistics(manager)) {
        return;
    }
    if (words->count == 2 && strcmp(words->word[1], "--raw") == 0) {
        if (manager->hardware != NULL) {
            show_raw_boot(&manager->out, manager->hardware);
        }
        show_raw_statistics(&manager->out, manager->statistics);
        for (uint32_t i = 0; i < manager->vm_count; i++) {
            show_raw_vm(&manager->out, i, &manager->vms[i]);
        }
    } else if (words->count == 1) {
        const struct kernel_statistics *s = manager->statistics;
        show_kernel_summary(&manager->out, s);
        print(&manager->out, "  memory    %llu KiB of %llu KiB kernel memory in use\n",
              (unsigned long long)(s->pool_used >> 10), (unsigned long long)(s->pool_size >> 10));
        show_pds(&manager->out, s);
    } else {
        print(&manager->out, "usage: statistics [--raw]\n");
    }
}

static void run_hardware(struct manager *manager, const struct command_words *words)
{
    static void (*const show[TOPIC_COUNT])(struct text_output *, const struct hardware_info *) = {
        show_cpus, show_memory_map, show_pci_devices, show_platform, show_firmware, show_verification};
    if (manager->hardware == NULL) {
        print(&manager->out, "this system does not give the manager the hardware information\n");
        return;
    }
    bool shown = false;
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (words->count == 1 || strcmp(words->word[1], hardware_topics[i]) == 0) {
            show[i](&manager->out, manager->hardware);
            shown = true;
        }
    }
    if (!shown) {
        print(&manager->out, "usage: hardware [cpu | memory | pci | platform | firmware | signatures]\n");
    }
}

static void run_tpm(struct manager *manager, const struct command_words *words)
{
    if (manager->hardware == NULL) {
        print(&manager->out, "this system does not give the manager the hardware information\n");
    } else if (words->count == 1) {
        show_tpm(&manager->out, manager->hardware);
    } else if (words->count == 2 && strcmp(words->word[1], "log") == 0) {
        show_event_log(&manager->out, manager->hardware);
    } else if (words->count == 3 && strcmp(words->word[1], "log") == 0 && strcmp(words->word[2], "raw") == 0) {
        show_raw_event_log(&manager->out, manager->hardware);
    } else {
        print(&manager->out, "usage: tpm, tpm log or tpm log raw\n");
    }
}

static void run_log(struct manager *manager, const struct command_words *words)
{
    uint32_t lines = DEFAULT_LOG_LINES;
    if (words->count < 2 || words->count > 3 ||
        (words->count == 3 && !parse_number(words->word[2], MAX_LOG_LINES, &lines))) {
        print(&manager->out, "usage: log kernel [LINES], or log VM [LINES]; at most %u lines\n", MAX_LOG_LINES);
        return;
    }
    if (strcmp(words->word[1], "kernel") == 0) {
        show_log(&manager->out, manager->kernel_log, KERNEL_LOG_REGION_SIZE, lines);
        return;
    }
    const struct virtual_machine *vm = find_vm(manager, words->word[1]);
    if (vm != NULL) {
        show_log(&manager->out, (const struct log_ring *)(uintptr_t)vm->config.log, vm->config.log_size, lines);
    }
}

/* --- Acting on VMs --- */

static void send_request(struct manager *manager, struct virtual_machine *vm, enum vm_command command,
                         uint64_t argument, const char *device)
{
    request_write(vm, command, argument, device,
                  manager->operations->now() + MANAGER_ANSWER_SECONDS * manager->tick_frequency);
    if (vm->monitor_failed) {
        /* The VMM begins like new, and finds the request when it is ready. */
        vm->monitor_failed = false;
        print(&manager->out, "%s: starting its VMM anew\n", vm->config.name);
        manager->operations->restart_child(vm->config.child_id);
    }
    manager->operations->notify(vm->config.channel);
    manager->busy = true;
    manager->busy_vm = (uint32_t)(vm - manager->vms);
}

static bool still_waiting(struct manager *manager, const struct virtual_machine *vm)
{
    if (vm->waiting) {
        print(&manager->out, "%s: still waiting for its VMM's answer to %s\n", vm->config.name,
              vm_command_name(vm->command));
    }
    return vm->waiting;
}

static bool monitor_has_failed(struct manager *manager, const struct virtual_machine *vm)
{
    if (vm->monitor_failed) {
        print(&manager->out, "%s: its VMM has failed; start %s starts it anew\n", vm->config.name, vm->config.name);
    }
    return vm->monitor_failed;
}

static void run_vm_command(struct manager *manager, const struct command_words *words)
{
    enum vm_command command;
    if (words->count != 2 || !vm_command_from_name(words->word[0], &command)) {
        print(&manager->out, "usage: %s VM\n", words->word[0]);
        return;
    }
    struct virtual_machine *vm = find_vm(manager, words->word[1]);
    if (vm == NULL || still_waiting(manager, vm)) {
        return;
    }
    if (command != VM_COMMAND_START && command != VM_COMMAND_RESET && monitor_has_failed(manager, vm)) {
        return;
    }
    send_request(manager, vm, command, 0, "");
}

static void run_vm(struct manager *manager, const struct command_words *words)
{
    uint64_t bytes = VM_MEMORY_AS_IT_IS;
    if (words->count < 3 || words->count > 4 || strcmp(words->word[1], "memory") != 0 ||
        (words->count == 4 && !parse_size(words->word[3], &bytes))) {
        print(&manager->out, "usage: vm memory VM [SIZE]; SIZE is what is to be enough for it, such as 128MiB\n");
        return;
    }
    struct virtual_machine *vm = find_vm(manager, words->word[2]);
    if (vm == NULL || still_waiting(manager, vm)) {
        return;
    }
    if (monitor_has_failed(manager, vm)) {
        return;
    }
    send_request(manager, vm, VM_COMMAND_MEMORY, bytes, "");
}

/* --- Plugging --- */

/* `disk` or `net` plug VM DEVICE, unplug VM DEVICE [force]. */
static void run_plug(struct manager *manager, const struct command_words *words)
{
    bool plug = strcmp(words->word[1], "plug") == 0;
    bool force = words->count == 5 && !plug && strcmp(words->word[4], "force") == 0;
    if (words->count != 4 && !force) {
        print(&manager->out, "usage: %s plug VM NAME, %s unplug VM NAME [force]\n", words->word[0], words->word[0]);
        return;
    }
    struct virtual_machine *vm = find_vm(manager, words->word[2]);
    if (vm == NULL || still_waiting(manager, vm) || monitor_has_failed(manager, vm)) {
        return;
    }
    uint32_t kind = strcmp(words->word[0], "disk") == 0 ? VM_DEVICE_BLOCK : VM_DEVICE_NET;
    if (!vm_has_device(vm, kind, words->word[3])) {
        print(&manager->out, "%s has no %s %s; %s list shows them\n", vm->config.name, words->word[0], words->word[3],
              words->word[0]);
        return;
    }
    send_request(manager, vm, plug ? VM_COMMAND_PLUG : force ? VM_COMMAND_PULL : VM_COMMAND_UNPLUG, 0, words->word[3]);
}

static bool plugs(const struct command_words *words)
{
    return words->count > 1 && (strcmp(words->word[1], "plug") == 0 || strcmp(words->word[1], "unplug") == 0);
}

static void run_disk(struct manager *manager, const struct command_words *words)
{
    if (plugs(words)) {
        run_plug(manager, words);
    } else if (words->count == 2 && strcmp(words->word[1], "list") == 0) {
        show_disks(manager);
    } else if (words->count > 2 && strcmp(words->word[1], "limit") == 0) {
        const struct virtual_machine *vm = find_vm(manager, words->word[2]);
        if (vm != NULL) {
            run_disk_limit(manager, vm->config.name, words);
        }
    } else {
        print(&manager->out,
              "usage: disk list, disk plug VM DISK, disk unplug VM DISK [force], disk limit VM DISK ...\n");
    }
}

static void run_nets(struct manager *manager, const struct command_words *words)
{
    if (plugs(words)) {
        run_plug(manager, words);
    } else {
        run_net(manager, words);
    }
}

/* --- Exporting --- */

static void run_export(struct manager *manager, const struct command_words *words)
{
    if (words->count != 2 || strcmp(words->word[1], "log") != 0) {
        print(&manager->out, "usage: export log\n");
        return;
    }
    export_start(manager);
    if (manager->log_export.active) {
        manager->busy = true;
        manager->busy_vm = MANAGER_NO_VM;
    }
}

/* --- The machine --- */

static void run_system(struct manager *manager, const struct command_words *words)
{
    bool reset = strcmp(words->word[0], "reboot") == 0;
    if (words->count != 1) {
        print(&manager->out, "usage: %s\n", words->word[0]);
        return;
    }
    manager->operations->system(reset ? SKYSCOPE_SYSTEM_RESET : SKYSCOPE_SYSTEM_POWER_OFF);
    print(&manager->out, "the kernel refuses; nothing was done\n");
}

/* --- The table --- */

static void run_help(struct manager *manager, const struct command_words *words);

static const struct command commands[] = {
    {"help", "", "show this list", run_help, ARGUMENT_NONE},
    {"list", "", "VMs: state, CPU time, exits by kind", run_list, ARGUMENT_NONE},
    {"vms", "", "the same", run_list, ARGUMENT_NONE},
    {"pds", "", "protection domains: state, CPU, priority, time, faults", run_pds, ARGUMENT_NONE},
    {"start", "VM", "boot a VM that is stopped or has failed", run_vm_command, ARGUMENT_VM},
    {"stop", "VM", "stop a VM at once, as by pulling the plug", run_vm_command, ARGUMENT_VM},
    {"shutdown", "VM", "press a VM's power button", run_vm_command, ARGUMENT_VM},
    {"reset", "VM", "stop a VM and boot it again", run_vm_command, ARGUMENT_VM},
    {"pause", "VM", "hold a VM", run_vm_command, ARGUMENT_VM},
    {"resume", "VM", "let a held VM go on", run_vm_command, ARGUMENT_VM},
    {"vm", "memory VM [SIZE]", "a VM's memory; with SIZE: what is to be enough for it", run_vm, ARGUMENT_MEMORY},
    {"hardware", "[cpu|memory|pci|platform|firmware|signatures]", "hardware found at boot", run_hardware,
     ARGUMENT_HARDWARE},
    {"tpm", "[log [raw]]", "the TPM; what was measured into it; the event log itself", run_tpm, ARGUMENT_TPM},
    {"disk", "list|plug|unplug|limit ...", "VMs' disks: requests, limits, overlays; plug VM DISK", run_disk,
     ARGUMENT_DISK},
    {"net", "list|show|link|limit|capture|plug|unplug ...", "VMs' networks: ports, links, limits; plug VM NET",
     run_nets, ARGUMENT_NET},
    {"features", "", "CPU features that the kernel uses", run_features, ARGUMENT_NONE},
    {"log", "kernel|VM [LINES]", "last lines of a log", run_log, ARGUMENT_LOG},
    {"export", "log", "all logs and statistics, sealed to the operator's key", run_export, ARGUMENT_EXPORT},
    {"statistics", "[--raw]", "counters of the kernel; --raw: one `key value` per line", run_statistics, ARGUMENT_RAW},
    {"poweroff", "", "power the machine off", run_system, ARGUMENT_NONE},
    {"reboot", "", "reset the machine", run_system, ARGUMENT_NONE},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void run_help(struct manager *manager, const struct command_words *words)
{
    (void)words;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        print(&manager->out, "  %-10s %-31s %s\n", commands[i].name, commands[i].arguments, commands[i].summary);
    }
    print(&manager->out, "Ctrl-] and then ? tells how to get to another console.\n");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

void run_command(struct manager *manager, char *line)
{
    struct command_words words;
    if (!split_command(line, &words)) {
        print(&manager->out, "too many words\n");
        return;
    }
    if (words.count == 0) {
        return;
    }
    const struct command *command = find_command(words.word[0]);
    if (command == NULL) {
        print(&manager->out, "there is no command %s; help shows a list\n", words.word[0]);
        return;
    }
    command->run(manager, &words);
}

/* --- Completion --- */

static const char *argument_candidate(const struct manager *manager, enum argument argument, unsigned int index)
{
    if (argument == ARGUMENT_LOG) {
        if (index == 0) {
            return "kernel";
        }
        index--;
    }
    switch (argument) {
    case ARGUMENT_VM:
    case ARGUMENT_LOG:
        return index < manager->vm_count ? manager->vms[index].config.name : NULL;
    case ARGUMENT_HARDWARE:
        return index < TOPIC_COUNT ? hardware_topics[index] : NULL;
    case ARGUMENT_EXPORT:
        return index == 0 ? "log" : NULL;
    case ARGUMENT_RAW:
        return index == 0 ? "--raw" : NULL;
    case ARGUMENT_TPM:
        return index == 0 ? "log" : NULL;
    case ARGUMENT_NET:
        return index < NET_COMMAND_COUNT ? net_commands[index] : NULL;
    case ARGUMENT_DISK:
        return index < DISK_COMMAND_COUNT ? disk_commands[index] : NULL;
    case ARGUMENT_MEMORY:
        return index == 0 ? "memory" : NULL;
    default:
        return NULL;
    }
}

const char *command_candidates(void *context, const char *before, unsigned int index)
{
    char line[LINE_LENGTH + 1];
    struct command_words words;
    strlcpy(line, before, sizeof(line));
    if (!split_command(line, &words)) {
        return NULL;
    }
    if (words.count == 0) {
        return index < COMMAND_COUNT ? commands[index].name : NULL;
    }
    const struct command *command = find_command(words.word[0]);
    if (command == NULL) {
        return NULL;
    }
    if (words.count == 2 && (command->argument == ARGUMENT_MEMORY || plugs(&words) ||
                             (command->argument == ARGUMENT_DISK && strcmp(words.word[1], "limit") == 0))) {
        return argument_candidate(context, ARGUMENT_VM, index);
    }
    return words.count == 1 ? argument_candidate(context, command->argument, index) : NULL;
}
