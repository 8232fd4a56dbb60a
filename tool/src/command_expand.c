/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <tool/command.h>
#include <tool/kernel_options.h>
#include <tool/print_system.h>

static const char help[] =
    "Usage: skyscope expand [OPTION]... FILE.system\n"
    "Prints the Microkit system description that a system file stands for: each <vm> becomes protection domains,\n"
    "memory regions and channels.\n\n"
    "  -o, --output DIR        write NAME.system and the files that it refers to (configuration blocks) to DIR\n"
    "      --arch ARCH         machine that the system is for: x86_64 (the default) or aarch64\n" KERNEL_OPTIONS_HELP
    "  -s, --search-path DIR   look for programs and data in DIR too; can be repeated\n"
    "      --help              show this\n\n"
    "Without <vm> and without Skyscope's attributes, the result is a plain description for Microkit. With --kernel\n"
    "sel4 it always is.\n";

static int write_output(struct system *system, const char *directory, const char *text, size_t size)
{
    struct arena *arena = &system->arena;
    const char *reason = NULL;
    if (!make_directories(arena, directory, &reason)) {
        return failure("directory '%s' cannot be made: %s", directory, reason);
    }
    LIST_FOR (const struct region, region, &system->regions) {
        if (region->prefill != NULL && region->prefill->generated) {
            const char *path = arena_format(arena, "%s/%s", directory, region->prefill_path);
            if (!write_file(arena, path, region->prefill->data, region->prefill->size, &reason)) {
                return failure("'%s' cannot be written: %s", path, reason);
            }
        }
    }
    const char *path = arena_format(arena, "%s/%s.system", directory, system->name);
    if (!write_file(arena, path, text, size, &reason)) {
        return failure("'%s' cannot be written: %s", path, reason);
    }
    return EXIT_OK;
}

static int expand(const char *file, const struct list *search, const struct machine *machine, const char *directory)
{
    struct system system;
    int status = EXIT_FAILED;
    bool good = system_load(&system, file, search, machine);
    diagnostics_print(&system.diagnostics, stderr);
    if (good) {
        char *text = NULL;
        size_t size = 0;
        FILE *to = open_memstream(&text, &size);
        if (to == NULL) {
            status = failure("out of memory");
        } else {
            system_print(&system, false, to);
            fclose(to);
            if (directory != NULL) {
                status = write_output(&system, directory, text, size);
            } else {
                status = fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0
                             ? EXIT_OK
                             : failure("the output cannot be written");
            }
            free(text);
        }
    }
    system_free(&system);
    return status;
}

int command_expand(int count, char **arguments)
{
    enum { OPTION_ARCH = 256, OPTION_KERNEL, OPTION_HELP = OPTION_KERNEL + KERNEL_OPTION_COUNT };
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"search-path", required_argument, NULL, 's'},
        {"arch", required_argument, NULL, OPTION_ARCH},
        {"help", no_argument, NULL, OPTION_HELP},
        KERNEL_OPTIONS(OPTION_KERNEL),
        {NULL, 0, NULL, 0},
    };
    struct arena arena = {0};
    struct list search = {0};
    struct machine machine = {0};
    struct kernel_options kernel = {0};
    const char *directory = NULL;
    int status = EXIT_OK;
    int option;
    while (status == EXIT_OK && (option = getopt_long(count, arguments, "o:s:", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            directory = optarg;
            break;
        case 's':
            list_append(&arena, &search, optarg);
            break;
        case OPTION_ARCH:
            status = arch_option("expand", optarg, &machine.target) ? EXIT_OK : EXIT_USAGE;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            arena_free(&arena);
            return EXIT_OK;
        case '?':
            status = usage_error("expand", "wrong option");
            break;
        default:
            kernel_option_set(&kernel, option - OPTION_KERNEL, optarg);
        }
    }
    if (status == EXIT_OK && !one_operand("expand", "the system file", count, arguments)) {
        status = EXIT_USAGE;
    }
    if (status == EXIT_OK && kernel_options_complete(&arena, "expand", &kernel, &machine, &status)) {
        status = expand(arguments[optind], &search, &machine, directory);
    }
    arena_free(&arena);
    return status;
}
