/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <tool/command.h>
#include <tool/kernel_options.h>

static const char help[] =
    "Usage: skyscope check [OPTION]... FILE.system\n"
    "Finds mistakes in a system file. Each is printed as FILE:LINE: error: what is wrong; what would be right.\n\n"
    "  -s, --search-path DIR   look for programs and data in DIR too; can be repeated\n"
    "      --arch ARCH         machine that the system is for: x86_64 (the default) or aarch64\n" KERNEL_OPTIONS_HELP
    "      --memory SIZE       check against a machine with this much memory, such as 2G\n"
    "      --cpus N            check against a machine with this many CPUs\n"
    "  -q, --quiet             say nothing but errors\n"
    "      --help              show this\n";

int command_check(int count, char **arguments)
{
    enum {
        OPTION_ARCH = 256,
        OPTION_KERNEL,
        OPTION_MEMORY = OPTION_KERNEL + KERNEL_OPTION_COUNT,
        OPTION_CPUS,
        OPTION_HELP
    };
    static const struct option options[] = {
        {"search-path", required_argument, NULL, 's'},
        {"arch", required_argument, NULL, OPTION_ARCH},
        {"memory", required_argument, NULL, OPTION_MEMORY},
        {"cpus", required_argument, NULL, OPTION_CPUS},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, OPTION_HELP},
        KERNEL_OPTIONS(OPTION_KERNEL),
        {NULL, 0, NULL, 0},
    };
    struct arena arena = {0};
    struct list search = {0};
    struct machine machine = {0};
    struct kernel_options kernel = {0};
    bool quiet = false;
    int status = EXIT_OK;
    int option;
    while (status == EXIT_OK && (option = getopt_long(count, arguments, "s:q", options, NULL)) != -1) {
        switch (option) {
        case 's':
            list_append(&arena, &search, optarg);
            break;
        case 'q':
            quiet = true;
            break;
        case OPTION_ARCH:
            status = arch_option("check", optarg, &machine.target) ? EXIT_OK : EXIT_USAGE;
            break;
        case OPTION_MEMORY:
            status = size_option("check", "--memory", optarg, &machine.memory) ? EXIT_OK : EXIT_USAGE;
            break;
        case OPTION_CPUS:
            status = cpus_option("check", optarg, &machine.cpus) ? EXIT_OK : EXIT_USAGE;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            arena_free(&arena);
            return EXIT_OK;
        case '?':
            status = usage_error("check", "wrong option");
            break;
        default:
            kernel_option_set(&kernel, option - OPTION_KERNEL, optarg);
        }
    }
    if (status == EXIT_OK && !one_operand("check", "the system file", count, arguments)) {
        status = EXIT_USAGE;
    }
    if (status == EXIT_OK && kernel_options_complete(&arena, "check", &kernel, &machine, &status)) {
        struct system system;
        const char *file = arguments[optind];
        bool good = system_load(&system, file, &search, &machine);
        size_t errors = system.diagnostics.error_count;
        diagnostics_print(&system.diagnostics, stderr);
        if (!good) {
            fprintf(stderr, "%s: %zu error%s\n", file, errors, errors == 1 ? "" : "s");
            status = EXIT_FAILED;
        } else if (!quiet) {
            printf("%s: no errors\n", file);
        }
        system_free(&system);
    }
    arena_free(&arena);
    return status;
}
