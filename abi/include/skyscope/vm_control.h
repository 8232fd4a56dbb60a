/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page between the manager and one VMM. The manager writes the request, the
 * VMM the answer; each notifies the other on their channel. Neither believes
 * the other's half more than it must: the manager only displays it.
 */
#pragma once

#include <stdint.h>

enum vm_command {
    VM_COMMAND_NONE = 0,
    VM_COMMAND_START = 1, /* boot the guest from its images; no effect if it runs */
    VM_COMMAND_STOP = 2,  /* stop at once, as by pulling the plug */
    VM_COMMAND_PAUSE = 3,
    VM_COMMAND_RESUME = 4,
    VM_COMMAND_RESET = 5,    /* stop and start */
    VM_COMMAND_SHUTDOWN = 6, /* press the ACPI power button */
};

enum vm_state {
    VM_STATE_STARTING = 0, /* the VMM has not initialised yet */
    VM_STATE_STOPPED = 1,
    VM_STATE_RUNNING = 2,
    VM_STATE_PAUSED = 3,
    VM_STATE_FAILED = 4, /* cannot run: see reason and the log */
};

enum vm_result {
    VM_RESULT_DONE = 0,
    VM_RESULT_WRONG_STATE = 1,
    VM_RESULT_UNKNOWN_COMMAND = 2,
    VM_RESULT_FAILED = 3,
};

#define VM_REASON_LENGTH 128u

struct vm_control {
    /* Written by the manager. */
    struct {
        uint32_t sequence; /* incremented after command is written */
        uint32_t command;  /* enum vm_command */
        uint32_t reserved[14];
    } request;
    /* Written by the VMM. */
    struct {
        uint32_t sequence;            /* last request carried out */
        uint32_t result;              /* enum vm_result */
        uint32_t state;               /* enum vm_state */
        uint32_t boots;               /* times the guest was started */
        uint64_t interrupts_injected; /* by the VMM; the kernel counts its own (vcpu_statistics.interrupts) */
        uint64_t guest_errors;        /* invalid accesses, unknown MSRs and the like, counted */
        uint64_t console_bytes_dropped;
        uint64_t reserved[4];
        char reason[VM_REASON_LENGTH]; /* why it stopped last, NUL-terminated */
    } status;
};
_Static_assert(sizeof(struct vm_control) <= 4096, "one page");
