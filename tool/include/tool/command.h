/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands. Each returns the exit status. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <tool/system.h>

#define SKYSCOPE_VERSION "0.1.0"

enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1, /* what was asked failed */
    EXIT_USAGE = 2,  /* the command line is wrong */
};

int command_check(int count, char **arguments);
int command_expand(int count, char **arguments);
int command_build(int count, char **arguments);
int command_iso(int count, char **arguments);
int command_disk(int count, char **arguments);
int command_run(int count, char **arguments);
int command_keygen(int count, char **arguments);
int command_sign(int count, char **arguments);
int command_verify(int count, char **arguments);
int command_rotate(int count, char **arguments);
int command_provision(int count, char **arguments);
int command_open(int count, char **arguments);
int command_replace(int count, char **arguments);
int command_inspect(int count, char **arguments);

/* "skyscope COMMAND: ..." and where to find help; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int usage_error(const char *command, const char *format, ...);
/* "skyscope: ..." for a failure; returns EXIT_FAILED. */
__attribute__((format(printf, 1, 2))) int failure(const char *format, ...);

/* Checks that exactly one operand is left after the options; reports if not. */
bool one_operand(const char *command, const char *what, int count, char **arguments);
/* Reads a size option ("2G", "512M" as QEMU writes them, or with KiB, MiB, GiB); reports if it is none. */
bool size_option(const char *command, const char *option, const char *text, uint64_t *bytes);

/* Reads a number of CPUs, 1 to PLAN_MAX_CPUS; reports if it is none. */
bool cpus_option(const char *command, const char *text, uint64_t *cpus);

/* Reads the name of a machine, x86_64 or aarch64; reports if it is none. */
bool arch_option(const char *command, const char *text, const struct target **target);

/* What `build` and `iso` do: makes the payload of a system file. NULL if it failed, which was
 * reported. kernel: path of the kernel ELF, NULL: the built one. */
struct build_request {
    const char *file;
    const char *kernel;
    const struct list *search;
    struct machine machine;     /* target NULL: what the kernel is for */
    const char *microkit_image; /* seL4: where to write the Microkit's own image, NULL: nowhere */
    uint64_t rollback_index;
    bool quiet;
};
struct blob *build_payload(struct system *system, const struct build_request *request);
