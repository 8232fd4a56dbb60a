/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <tool/command.h>
#include <tool/kernel_options.h>
#include <tool/sel4.h>

void kernel_option_set(struct kernel_options *options, int number, const char *value)
{
    const char **fields[KERNEL_OPTION_COUNT] = {&options->kernel, &options->sdk, &options->board,
                                                &options->configuration};
    *fields[number] = value;
}

bool kernel_options_complete(struct arena *arena, const char *command, const struct kernel_options *options,
                             struct machine *machine, int *status)
{
    const char *reason = NULL;
    bool sel4 = options->kernel != NULL && strcmp(options->kernel, "sel4") == 0;
    if (options->kernel != NULL && !sel4 && strcmp(options->kernel, "skyscope") != 0) {
        *status = usage_error(command, "--kernel '%s' is not known; use skyscope or sel4", options->kernel);
        return false;
    }
    if (!sel4) {
        if (options->sdk != NULL || options->board != NULL || options->configuration != NULL) {
            *status = usage_error(command, "--sdk, --board and --config are for seL4; add --kernel sel4");
            return false;
        }
        return true;
    }
    machine->sel4 = (struct sel4_request){.sdk = options->sdk, .configuration = options->configuration};
    if (!sel4_request_complete(arena, &machine->sel4, options->board, machine->target, &reason)) {
        *status = options->sdk == NULL ? usage_error(command, "%s", reason) : failure("%s", reason);
        return false;
    }
    machine->target = machine->sel4.board->target;
    return true;
}
