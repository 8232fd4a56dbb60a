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
    VM_COMMAND_MEMORY = 7,   /* argument: bytes of RAM that are to be enough for the guest, VM_MEMORY_AS_IT_IS: no
                                change; and fill status.memory anew */
    /* Of the device that `device` names. */
    VM_COMMAND_PLUG = 8,
    VM_COMMAND_UNPLUG = 9, /* asks the guest to let it go; answered when it has, or has not for a while */
    VM_COMMAND_PULL = 10,  /* takes it out at once, whatever the guest says */
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
    VM_RESULT_NO_DEVICE = 4,      /* the VM has not got the device that it is about */
    VM_RESULT_LATER = 5,          /* never an answer: it comes when it is ready */
    VM_RESULT_FIXED = 6,          /* the device cannot be plugged or unplugged */
    VM_RESULT_GUEST_KEEPS_IT = 7, /* the guest has not let go of the device yet; it stays asked */
};

#define VM_REASON_LENGTH   128u
#define VM_MEMORY_AS_IT_IS UINT64_MAX

/* What the guest says of its memory, all in bytes; 0: not known. */
struct vm_memory_status {
    uint64_t wanted;    /* RAM that is to be enough for it */
    uint64_t given_up;  /* to the balloon */
    uint64_t total;     /* that its kernel sees */
    uint64_t free;      /* unused */
    uint64_t available; /* for programs, without swapping */
    uint64_t reported;  /* free pages that it told of since it started, each time anew */
};

#define VM_CONTROL_DEVICES     24u
#define VM_CONTROL_DEVICE_NAME 32u

enum vm_plug_state {
    VM_PLUG_FIXED = 0, /* always there */
    VM_PLUG_UNPLUGGED = 1,
    VM_PLUG_PLUGGED = 2,
    VM_PLUG_LEAVING = 3, /* plugged, and the guest was asked to let it go */
};

struct vm_device_status {
    char name[VM_CONTROL_DEVICE_NAME]; /* NUL-terminated */
    uint32_t kind;                     /* enum vm_device_kind, <skyscope/vm_devices.h> */
    uint32_t plug;                     /* enum vm_plug_state */
};

struct vm_control {
    /* Written by the manager. */
    struct {
        uint32_t sequence; /* incremented after the rest is written */
        uint32_t command;  /* enum vm_command */
        uint64_t argument;
        char device[VM_CONTROL_DEVICE_NAME]; /* of commands that are about one; NUL-terminated */
        uint32_t reserved[4];
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
        /* Of all queues of its virtio devices, in all its boots. */
        uint64_t queue_notifications;    /* the driver told that it had added buffers, by an exit */
        uint64_t queue_interrupts;       /* told to the driver that buffers were used */
        uint64_t queue_interrupts_saved; /* not told: the driver had said that it need not know */
        uint64_t reserved[1];
        char reason[VM_REASON_LENGTH]; /* why it stopped last, NUL-terminated */
        struct vm_memory_status memory;
        uint32_t device_count;
        uint32_t reserved2;
        struct vm_device_status devices[VM_CONTROL_DEVICES]; /* in the order of the system file */
    } status;
};
_Static_assert(sizeof(struct vm_control) <= 4096, "one page");
