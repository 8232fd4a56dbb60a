/* SPDX-License-Identifier: BSD-2-Clause */
/* A manager of two VMs, alpha and beta, on a machine that only remembers what it was asked to do. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <manager.h>
#include <skyscope/log_export.h>

struct log {
    struct log_ring ring;
    char text[64];
};

struct fixture {
    struct manager manager;
    struct manager_config config;
    struct vm_control control[2];
    struct kernel_statistics statistics;
    struct hardware_info hardware;
    struct log log;
    uint8_t operator_secret[SEAL_SECRET_KEY_SIZE], operator_key[SEAL_MAX_KEY_FILE];
    char screen[MANAGER_OUTPUT_SIZE + 1];
};

/* The machine: what time it is, and what it was asked to do last. */
extern uint64_t time_now;
extern unsigned int notified_channel, restarted_child, stopped_child; /* 999: none */
extern unsigned int notifications;
extern int last_system_operation; /* -1: none */
extern bool entropy_there;
extern const struct manager_operations operations;

/* For cmocka: *state is a struct fixture, whose manager has shown its prompt. */
int set_up(void **state);
int tear_down(void **state);

/* Forgets what is on the console. */
void clear(struct fixture *f);
/* Takes what the manager has printed; valid until the next call. */
const char *screen(struct fixture *f);
void type(struct fixture *f, const char *keys);
/* Appends to the log that kernel and VMs share. */
void write_log(struct fixture *f, const char *text);
