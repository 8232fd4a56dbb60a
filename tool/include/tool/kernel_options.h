/* SPDX-License-Identifier: BSD-2-Clause */
/* The options that say which kernel a system is for: ours, or seL4 with an SDK of the Microkit. */
#pragma once

#include <stdbool.h>
#include <tool/system.h>

struct kernel_options {
    const char *kernel; /* NULL: ours */
    const char *sdk, *board, *configuration;
};

/* For struct option and the text of --help. */
#define KERNEL_OPTIONS(first)                                                                                          \
    {"kernel", required_argument, NULL, (first)}, {"sdk", required_argument, NULL, (first) + 1},                       \
        {"board", required_argument, NULL, (first) + 2},                                                               \
    {                                                                                                                  \
        "config", required_argument, NULL, (first) + 3                                                                 \
    }
#define KERNEL_OPTION_COUNT 4
#define KERNEL_OPTIONS_HELP                                                                                            \
    "      --kernel KERNEL     skyscope (default) or sel4\n"                                                           \
    "      --sdk DIR           the Microkit's SDK, for seL4\n"                                                         \
    "      --board NAME        the SDK's board: qemu_virt_aarch64 or x86_64_generic_vtx (default: the only one "       \
    "there)\n"                                                                                                         \
    "      --config NAME       the SDK's configuration (default release)\n"

/* number: that of the option less `first`. */
void kernel_option_set(struct kernel_options *options, int number, const char *value);

/* What the options say of the machine. False: they make no sense, which was reported as a wrong command line or, if
 * it is the SDK that is wrong, as a failure; *status then says which. */
bool kernel_options_complete(struct arena *arena, const char *command, const struct kernel_options *options,
                             struct machine *machine, int *status);
