/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect.h"
#include <getopt.h>
#include <tool/command.h>

static const char help[] = "Usage: skyscope inspect [OPTION]... PAYLOAD\n"
                           "Lists what a payload contains and verifies its structure and hashes.\n\n"
                           "      --json   as JSON\n"
                           "      --help   show this\n\n"
                           "Exit status 1 if anything is wrong with it.\n";

static int inspect(const char *path, bool json)
{
    struct arena arena = {0};
    const char *reason = NULL;
    int status = EXIT_OK;
    struct blob *blob = read_file(&arena, path, FILE_MAX_SIZE, &reason);
    if (blob == NULL) {
        status = failure("'%s' cannot be read: %s", path, reason);
    } else {
        struct payload_view view;
        bool good = payload_read(&arena, blob, &view);
        if (json) {
            inspect_json(&arena, &view, stdout);
        } else {
            inspect_text(&arena, &view, stdout);
        }
        if (fflush(stdout) != 0) {
            status = failure("the output cannot be written");
        }
        LIST_FOR (const char, problem, &view.problems) {
            fprintf(stderr, "%s: error: %s\n", path, problem);
        }
        status = good ? status : EXIT_FAILED;
    }
    arena_free(&arena);
    return status;
}

int command_inspect(int count, char **arguments)
{
    enum { OPTION_JSON = 256, OPTION_HELP };
    static const struct option options[] = {
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    bool json = false;
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case OPTION_JSON:
            json = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            return EXIT_OK;
        default:
            return usage_error("inspect", "wrong option");
        }
    }
    if (!one_operand("inspect", "the payload", count, arguments)) {
        return EXIT_USAGE;
    }
    return inspect(arguments[optind], json);
}
