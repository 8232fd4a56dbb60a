/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <inttypes.h>
#include <tool/command.h>
#include <tool/key_options.h>
#include <tool/key_rotation.h>
#include <tool/number.h>

static const char help[] =
    "Usage: skyscope rotate [OPTION]... DIRECTORY\n"
    "The next pair of keys becomes the primary one, a new next pair is made, and the trust anchor's serial number\n"
    "grows. The old primary pair is revoked: loaders with the new trust anchor refuse what it signed. Its files stay "
    "as\n"
    "retired-N.*. Needs the next keys (next.*.key) in DIRECTORY; the new ones get the same passphrase.\n\n"
    "      --replace-next     revoke the next pair instead, and keep the primary one: if the next keys are lost\n"
    "      --lattice NAME     algorithm of the new pair (default: that of the next pair); see skyscope keygen\n"
    "      --hash-based NAME  algorithm of the new pair (default: that of the next pair)\n"
    "      --minimum-rollback-index N\n"
    "                         refuse payloads with a lower rollback index\n"
    "      --passphrase-file FILE\n"
    "                         the keys' passphrase (default: ask at the terminal)\n"
    "  -q, --quiet            say nothing but errors\n"
    "      --help             show this\n\n"
    "A rotation that was interrupted is completed first, and then nothing else is done.\n";

static int rotate(struct arena *arena, const struct rotation_request *request, bool quiet)
{
    const char *reason = NULL;
    const char *directory = request->directory;
    struct trust_file trust;
    bool interrupted = rotation_pending(arena, directory);
    if (!interrupted && !rotation_prepare(arena, request, &reason)) {
        return failure("the keys were not rotated: %s", reason);
    }
    if (!rotation_finish(arena, directory, &trust, &reason)) {
        return failure("the rotation is not complete: %s; then run 'skyscope rotate %s' again, which completes it",
                       reason, directory);
    }
    if (!quiet) {
        printf("%s%s/" TRUST_FILE ": serial number %" PRIu64 "\n",
               interrupted ? "An interrupted rotation is complete now.\n" : "", directory, trust.anchor.serial);
        print_trust_pair(stdout, &trust.anchor.pairs[0]);
        print_trust_pair(stdout, &trust.anchor.pairs[1]);
        printf("  %" PRIu32 " revoked keys; the latest are in %s/retired-%" PRIu64 ".*.key\n\n"
               "Now write the trust anchor into the loader (skyscope provision), sign the payloads again (skyscope\n"
               "sign) and make new images. Move next.*.key to where the next keys are kept.\n",
               trust.anchor.revoked_count, directory, trust.anchor.serial - 1);
    }
    return EXIT_OK;
}

int command_rotate(int count, char **arguments)
{
    enum { OPTION_NEXT = 256, OPTION_LATTICE, OPTION_HASH, OPTION_MINIMUM, OPTION_PASSPHRASE, OPTION_HELP };
    static const struct option options[] = {
        {"replace-next", no_argument, NULL, OPTION_NEXT},
        {"lattice", required_argument, NULL, OPTION_LATTICE},
        {"hash-based", required_argument, NULL, OPTION_HASH},
        {"minimum-rollback-index", required_argument, NULL, OPTION_MINIMUM},
        {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    struct rotation_request request = {.creation_time = key_creation_time()};
    bool quiet = false;
    int option;
    while ((option = getopt_long(count, arguments, "q", options, NULL)) != -1) {
        switch (option) {
        case OPTION_NEXT:
            request.replace_next = true;
            break;
        case OPTION_LATTICE:
            request.lattice = algorithm_option("rotate", "--lattice", optarg, SIGNATURE_FAMILY_LATTICE);
            if (request.lattice == NULL) {
                return EXIT_USAGE;
            }
            break;
        case OPTION_HASH:
            request.hash = algorithm_option("rotate", "--hash-based", optarg, SIGNATURE_FAMILY_HASH);
            if (request.hash == NULL) {
                return EXIT_USAGE;
            }
            break;
        case OPTION_MINIMUM:
            if (!parse_number(optarg, &request.minimum_rollback_index)) {
                return usage_error("rotate", "--minimum-rollback-index '%s' is not a number", optarg);
            }
            break;
        case OPTION_PASSPHRASE:
            request.passphrase_file = optarg;
            break;
        case 'q':
            quiet = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            return EXIT_OK;
        default:
            return usage_error("rotate", "wrong option");
        }
    }
    if (!one_operand("rotate", "the directory", count, arguments)) {
        return EXIT_USAGE;
    }
    request.directory = arguments[optind];
    struct arena arena = {0};
    secret_protect_process();
    int status = rotate(&arena, &request, quiet);
    arena_free(&arena);
    return status;
}
