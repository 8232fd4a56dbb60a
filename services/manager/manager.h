/* SPDX-License-Identifier: BSD-2-Clause */
/* The manager without its connections: state and commands. See
 * services/manager/manager_main.c for the program. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/boot_info.h>
#include <skyscope/kernel_info.h>
#include <skyscope/log_ring.h>
#include <skyscope/storage_counters.h>
#include <skyscope/syscall.h>
#include <skyscope/vm_config.h>

#include "disk_control.h"
#include "export.h"
#include "line_editor.h"
#include "net_control.h"
#include "text_output.h"
#include "virtual_machine.h"

#define MANAGER_OUTPUT_SIZE    0x20000u
/* A VMM that has not confirmed a request by then is reported. Before it confirms a start
 * it zeroes its guest's memory: seconds, where there are many gigabytes. */
#define MANAGER_ANSWER_SECONDS 20u
#define MANAGER_NO_VM          0xffffffffu

/* What the manager does to the rest of the system. */
struct manager_operations {
    uint64_t (*now)(void); /* clock value */
    void (*notify)(unsigned int channel);
    void (*restart_child)(unsigned int child);
    void (*stop_child)(unsigned int child);
    /* Does not return if it succeeds. */
    void (*system)(enum skyscope_system_operation operation);
    /* Where random numbers come from, <crypto/random.h>. */
    random_entropy_fn *entropy;
};

struct manager {
    const struct manager_operations *operations;
    const struct hardware_info *hardware;       /* NULL: none given */
    const struct kernel_statistics *statistics; /* NULL: none given */
    const struct log_ring *kernel_log;          /* NULL: none given */
    const struct storage_counters *storage;     /* NULL: no disks */
    const uint8_t *operator_key;                /* public key that logs are sealed to; NULL: none */
    uint32_t operator_suite;                    /* enum seal_suite, of that key */
    enum seal_error operator_key_error;         /* why there is none, if one was given */
    uint64_t tick_frequency;
    uint32_t vm_count;
    uint32_t busy_vm; /* whose answer the prompt waits for, if busy; MANAGER_NO_VM: no VM's */
    bool busy;
    struct virtual_machine vms[MANAGER_MAX_VMS];
    struct text_output out;
    struct line_editor editor;
    struct log_export log_export;
    struct net_control net;
    struct disk_control disk;
    char output_buffer[MANAGER_OUTPUT_SIZE];
};

/* Checks and takes over the configuration. False if it is not valid. */
bool manager_initialise(struct manager *manager, const struct manager_operations *operations,
                        const struct manager_config *config, uint64_t tick_frequency);
/* What is shown at boot. */
void manager_show_banner(struct manager *manager);
/* Starts reading commands. */
void manager_prompt(struct manager *manager);
/* A character typed. Not to be called while manager->busy. */
void manager_key(struct manager *manager, char key);
/* Looks for answers; call on notifications and when the time may have come. True if
 * an answer is still awaited. */
bool manager_poll(struct manager *manager);
/* A child has faulted and is to stay stopped; its message is in the message registers. */
void manager_child_faulted(struct manager *manager, unsigned int child, uint64_t message_info);
