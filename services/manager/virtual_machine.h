/* SPDX-License-Identifier: BSD-2-Clause */
/* One VM as the manager sees it: requests to its VMM and their confirmation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/vm_config.h>
#include <skyscope/vm_control.h>

#include "statistics_view.h"
#include "text_output.h"

struct virtual_machine {
    struct manager_vm_config config;
    struct vm_control *control;
    uint32_t sequence; /* of the last request */
    enum vm_command command;
    bool waiting;           /* for its confirmation */
    uint64_t deadline;      /* clock value: then the VMM has not answered */
    bool monitor_failed;    /* its VMM faulted and is stopped */
    bool monitor_restarted; /* with the last request */
    uint32_t fault_count;   /* of its VMM */
    char last_fault[160];   /* in words, NUL-terminated */
};

/* What became of a request. */
enum request_state {
    REQUEST_NONE,
    REQUEST_WAITING,
    REQUEST_ANSWERED, /* see request_result() */
    REQUEST_TIMED_OUT,
};

/* NULL if there is no such command. "start", "stop" and so on; from a name those only that need nothing but a VM. */
const char *vm_command_name(enum vm_command command);
bool vm_command_from_name(const char *name, enum vm_command *command);

/* The state, taken once from the page that the VMM writes; FAILED if the VMM did. */
enum vm_state vm_state_of(const struct virtual_machine *vm);
const char *vm_state_name(enum vm_state state);

/* Writes the request, with the name of the device that it is about or ""; the caller notifies the VMM. */
void request_write(struct virtual_machine *vm, enum vm_command command, uint64_t argument, const char *device,
                   uint64_t deadline);
/* Looks for the confirmation. ANSWERED and TIMED_OUT are reported once. */
enum request_state request_poll(struct virtual_machine *vm, uint64_t now);
bool request_succeeded(const struct virtual_machine *vm);
/* "done" or why not, of the answered request. */
const char *request_result(const struct virtual_machine *vm);

/* One line, and one with the exits by kind if `statistics` is not NULL. */
void show_vm_heading(struct text_output *out);
void show_vm(struct text_output *out, uint32_t index, const struct virtual_machine *vm,
             const struct kernel_statistics *statistics);
/* What the VMM counts, one `key value` per line, for programs. */
void show_raw_vm(struct text_output *out, uint32_t index, const struct virtual_machine *vm);
