/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <tool/command.h>
#include <tool/key_directory.h>
#include <tool/loader_image.h>
#include <tool/number.h>

static const char help[] =
    "Usage: skyscope provision [OPTION]... --trust FILE --output LOADER LOADER_TEMPLATE\n"
    "Writes a trust anchor (system.trust) into a copy of the loader, which then starts only what its keys signed.\n\n"
    "      --trust FILE       the trust anchor that 'skyscope keygen' made\n"
    "  -o, --output FILE      write the loader to FILE\n"
    "      --minimum-rollback-index N\n"
    "                         refuse payloads with a lower rollback index, if that is more than the anchor asks for\n"
    "  -q, --quiet            say nothing but errors\n"
    "      --help             show this\n";

struct provision_request {
    const char *trust, *output, *file;
    uint64_t minimum_rollback_index;
    bool quiet;
};

static int provision(struct arena *arena, const struct provision_request *request)
{
    const char *reason = NULL;
    struct trust_file trust;
    struct blob *loader = read_file(arena, request->file, FILE_MAX_SIZE, &reason);
    if (loader == NULL) {
        return failure("loader '%s' cannot be read: %s", request->file, reason);
    }
    if (!trust_file_read(arena, request->trust, &trust, &reason)) {
        return failure("%s", reason);
    }
    if (request->minimum_rollback_index > trust.anchor.minimum_rollback_index) {
        trust.anchor.minimum_rollback_index = request->minimum_rollback_index;
    }
    struct blob *anchor = trust_file_make(arena, &trust.anchor, &reason);
    if (anchor == NULL) {
        return failure("%s", reason);
    }
    reason = loader_set_anchor(arena, loader, anchor);
    if (reason != NULL) {
        return failure("loader '%s' cannot be used: %s", request->file, reason);
    }
    if (!write_file(arena, request->output, loader->data, loader->size, &reason)) {
        return failure("'%s' cannot be written: %s", request->output, reason);
    }
    if (!request->quiet) {
        printf("%s: trust anchor %" PRIu64 "%s, %u key pair%s, %u revoked key%s, rollback index at least %" PRIu64
               "%s\n",
               request->output, trust.anchor.serial,
               (trust.anchor.flags & TRUST_FLAG_DEVELOPMENT) != 0 ? " (DEVELOPMENT KEY)" : "", trust.anchor.pair_count,
               trust.anchor.pair_count == 1 ? "" : "s", trust.anchor.revoked_count,
               trust.anchor.revoked_count == 1 ? "" : "s", trust.anchor.minimum_rollback_index,
               (trust.anchor.flags & TRUST_FLAG_REBOOT_ON_FAILURE) != 0 ? ", reboots on failure" : "");
    }
    return EXIT_OK;
}

int command_provision(int count, char **arguments)
{
    enum { OPTION_TRUST = 256, OPTION_MINIMUM, OPTION_HELP };
    static const struct option options[] = {
        {"trust", required_argument, NULL, OPTION_TRUST},
        {"output", required_argument, NULL, 'o'},
        {"minimum-rollback-index", required_argument, NULL, OPTION_MINIMUM},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    struct provision_request request = {0};
    int option;
    while ((option = getopt_long(count, arguments, "o:q", options, NULL)) != -1) {
        switch (option) {
        case OPTION_TRUST:
            request.trust = optarg;
            break;
        case 'o':
            request.output = optarg;
            break;
        case OPTION_MINIMUM:
            if (!parse_number(optarg, &request.minimum_rollback_index)) {
                return usage_error("provision", "--minimum-rollback-index '%s' is not a number", optarg);
            }
            break;
        case 'q':
            request.quiet = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            return EXIT_OK;
        default:
            return usage_error("provision", "wrong option");
        }
    }
    if (!one_operand("provision", "the loader", count, arguments)) {
        return EXIT_USAGE;
    }
    if (request.trust == NULL || request.output == NULL) {
        return usage_error("provision", "%s is missing",
                           request.trust == NULL ? "--trust FILE, the trust anchor," : "--output FILE");
    }
    request.file = arguments[optind];
    struct arena arena = {0};
    int status = provision(&arena, &request);
    arena_free(&arena);
    return status;
}
