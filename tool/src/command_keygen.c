/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <tool/command.h>
#include <tool/key_directory.h>
#include <tool/key_options.h>
#include <tool/number.h>
#include <tool/operator_key.h>
#include <unistd.h>

static const char help[] =
    "Usage: skyscope keygen [OPTION]... DIRECTORY\n"
    "Makes the keys that sign images: the primary pair, which signs now, and the next pair, which will sign after a\n"
    "rotation (skyscope rotate); each is a lattice-based and a hash-based key, and both have to sign. Makes the trust\n"
    "anchor DIRECTORY/system.trust, too: the public keys, for the loader. Never overwrites a file.\n\n"
    "      --lattice NAME     ML-DSA-87 (default) or ML-DSA-65\n"
    "      --hash-based NAME  SLH-DSA-SHA2-256s (default), -192s or -128s, or SLH-DSA-SHAKE-256s, -192s or -128s\n"
    "      --system NAME      the keys vouch only for systems of this name (default: any)\n"
    "      --on-failure WHAT  what the loader does if an image is not right: halt (default) or reboot\n"
    "      --require-rollback-store\n"
    "                         refuse to start on machines that cannot keep a rollback index (TPM)\n"
    "      --minimum-rollback-index N\n"
    "                         refuse payloads with a lower rollback index (default 0)\n"
    "      --passphrase-file FILE\n"
    "                         encrypt the keys with the passphrase in FILE (default: ask at the terminal)\n"
    "      --operator         make an operator's key instead: DIRECTORY/operator.key opens what 'export log' seals to\n"
    "                         DIRECTORY/operator.pub, which the system file names\n"
    "      --development      keys to try things with: quick to sign, no passphrase needed, and banners say so\n"
    "  -q, --quiet            say nothing but errors\n"
    "      --help             show this\n";

struct keygen_request {
    const char *directory, *passphrase_file;
    const struct signature_parameters *lattice, *hash;
    struct trust_anchor anchor;
    bool quiet, for_operator;
};

static const char *const pair_names[] = {"primary", "next"};
static const uint32_t pair_kinds[] = {KEY_KIND_LATTICE, KEY_KIND_HASH_BASED};

/* Before anybody types a passphrase. */
static bool check_absent(struct arena *arena, const char *directory)
{
    const char *found = arena_format(arena, "%s/" TRUST_FILE, directory);
    bool exists = key_storage_exists(found);
    for (size_t i = 0; i < 4 && !exists; i++) {
        found = key_path(arena, directory, pair_names[i / 2], pair_kinds[i % 2]);
        exists = key_storage_exists(found);
    }
    if (exists) {
        failure("'%s' exists already and is not overwritten; name another directory, or rotate these keys with "
                "'skyscope rotate %s'",
                found, directory);
    }
    return !exists;
}

static bool make_directory(struct arena *arena, const char *directory)
{
    const char *reason = NULL;
    if (mkdir(directory, 0700) == 0 || errno == EEXIST) {
        return true;
    }
    if (errno == ENOENT && make_directories(arena, directory_of(arena, directory), &reason) &&
        mkdir(directory, 0700) == 0) {
        return true;
    }
    failure("directory '%s' cannot be made: %s", directory, reason != NULL ? reason : strerror(errno));
    return false;
}

static void remove_pair(struct arena *arena, const char *directory, const char *name)
{
    unlink(key_path(arena, directory, name, KEY_KIND_LATTICE));
    unlink(key_path(arena, directory, name, KEY_KIND_HASH_BASED));
}

static bool make_keys(struct arena *arena, struct keygen_request *request, const struct passphrase *passphrase,
                      const char **reason)
{
    struct trust_anchor *anchor = &request->anchor;
    struct pair_request pair = {
        .lattice = request->lattice,
        .hash = request->hash,
        .creation_time = key_creation_time(),
        .development = (anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0,
        .passphrase = passphrase,
    };
    for (uint32_t i = 0; i < 2; i++) {
        anchor->pairs[i].status = i == 0 ? TRUST_STATUS_PRIMARY : TRUST_STATUS_NEXT;
        if (!key_pair_create(arena, request->directory, pair_names[i], &pair, &anchor->pairs[i], reason)) {
            while (i-- > 0) {
                remove_pair(arena, request->directory, pair_names[i]);
            }
            return false;
        }
    }
    anchor->pair_count = 2;
    struct blob *blob = trust_file_make(arena, anchor, reason);
    if (blob == NULL || !key_storage_create(arena, arena_format(arena, "%s/" TRUST_FILE, request->directory), 0644,
                                            blob->data, blob->size, reason)) {
        remove_pair(arena, request->directory, "primary");
        remove_pair(arena, request->directory, "next");
        return false;
    }
    return true;
}

static void report(const struct keygen_request *request)
{
    const char *directory = request->directory;
    printf("%s/" TRUST_FILE "%s\n", directory,
           (request->anchor.flags & TRUST_FLAG_DEVELOPMENT) != 0 ? ": DEVELOPMENT KEY" : "");
    print_trust_pair(stdout, &request->anchor.pairs[0]);
    print_trust_pair(stdout, &request->anchor.pairs[1]);
    if ((request->anchor.flags & TRUST_FLAG_DEVELOPMENT) == 0) {
        printf("\nMove %s/next.*.key to another medium, and keep it in another place: those keys replace the primary\n"
               "ones when these are lost, stolen or old. Keep a copy of each medium. Without the passphrase the files\n"
               "are of no use to anybody.\n",
               directory);
    }
}

static int keygen(struct arena *arena, struct keygen_request *request)
{
    const char *reason = NULL;
    struct passphrase passphrase = {0};
    bool development = (request->anchor.flags & TRUST_FLAG_DEVELOPMENT) != 0;
    struct passphrase_source source = {
        .file = request->passphrase_file,
        .whose = arena_format(arena, "the keys in %s", request->directory),
        .create = true,
        .allow_empty = development,
    };
    if (!check_absent(arena, request->directory)) {
        return EXIT_FAILED;
    }
    if (development && source.file == NULL) {
        passphrase.text = secret_allocate(PASSPHRASE_MAX + 1);
    } else if ((reason = passphrase_get(arena, &source, &passphrase)) != NULL) {
        return failure("%s", reason);
    }
    bool good = make_directory(arena, request->directory);
    if (good && !make_keys(arena, request, &passphrase, &reason)) {
        failure("no keys were made: %s", reason);
        good = false;
    }
    passphrase_forget(&passphrase);
    if (good && !request->quiet) {
        report(request);
    }
    return good ? EXIT_OK : EXIT_FAILED;
}

/* The loader compares it with a name of printable ASCII. */
static bool system_name_option(const char *text, struct trust_anchor *anchor)
{
    size_t length = strlen(text);
    bool good = length >= 1 && length <= TRUST_MAX_NAME;
    for (size_t i = 0; i < length; i++) {
        good = good && text[i] >= ' ' && text[i] <= '~';
    }
    if (!good) {
        usage_error("keygen", "--system '%s' is not a system's name; use 1 to %u printable ASCII characters", text,
                    TRUST_MAX_NAME);
        return false;
    }
    memcpy(anchor->system_name, text, length + 1);
    return true;
}

static int parse_options(int count, char **arguments, struct keygen_request *request, bool *helped)
{
    enum {
        OPTION_LATTICE = 256,
        OPTION_HASH,
        OPTION_SYSTEM,
        OPTION_FAILURE,
        OPTION_STORE,
        OPTION_MINIMUM,
        OPTION_PASSPHRASE,
        OPTION_DEVELOPMENT,
        OPTION_OPERATOR,
        OPTION_HELP,
    };
    static const struct option options[] = {
        {"lattice", required_argument, NULL, OPTION_LATTICE},
        {"hash-based", required_argument, NULL, OPTION_HASH},
        {"system", required_argument, NULL, OPTION_SYSTEM},
        {"on-failure", required_argument, NULL, OPTION_FAILURE},
        {"require-rollback-store", no_argument, NULL, OPTION_STORE},
        {"minimum-rollback-index", required_argument, NULL, OPTION_MINIMUM},
        {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE},
        {"development", no_argument, NULL, OPTION_DEVELOPMENT},
        {"operator", no_argument, NULL, OPTION_OPERATOR},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    struct trust_anchor *anchor = &request->anchor;
    int option;
    while ((option = getopt_long(count, arguments, "q", options, NULL)) != -1) {
        switch (option) {
        case OPTION_LATTICE:
            request->lattice = algorithm_option("keygen", "--lattice", optarg, SIGNATURE_FAMILY_LATTICE);
            if (request->lattice == NULL) {
                return EXIT_USAGE;
            }
            break;
        case OPTION_HASH:
            request->hash = algorithm_option("keygen", "--hash-based", optarg, SIGNATURE_FAMILY_HASH);
            if (request->hash == NULL) {
                return EXIT_USAGE;
            }
            break;
        case OPTION_SYSTEM:
            if (!system_name_option(optarg, anchor)) {
                return EXIT_USAGE;
            }
            break;
        case OPTION_FAILURE:
            if (strcmp(optarg, "halt") != 0 && strcmp(optarg, "reboot") != 0) {
                return usage_error("keygen", "--on-failure '%s' is not known; use halt or reboot", optarg);
            }
            anchor->flags &= ~(uint32_t)TRUST_FLAG_REBOOT_ON_FAILURE;
            anchor->flags |= strcmp(optarg, "reboot") == 0 ? TRUST_FLAG_REBOOT_ON_FAILURE : 0u;
            break;
        case OPTION_STORE:
            anchor->flags |= TRUST_FLAG_REQUIRE_ROLLBACK_STORE;
            break;
        case OPTION_MINIMUM:
            if (!parse_number(optarg, &anchor->minimum_rollback_index)) {
                return usage_error("keygen", "--minimum-rollback-index '%s' is not a number", optarg);
            }
            break;
        case OPTION_PASSPHRASE:
            request->passphrase_file = optarg;
            break;
        case OPTION_DEVELOPMENT:
            anchor->flags |= TRUST_FLAG_DEVELOPMENT;
            break;
        case OPTION_OPERATOR:
            request->for_operator = true;
            break;
        case 'q':
            request->quiet = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            *helped = true;
            return EXIT_OK;
        default:
            return usage_error("keygen", "wrong option");
        }
    }
    if (request->for_operator &&
        (request->lattice != NULL || request->hash != NULL || anchor->system_name[0] != '\0' ||
         (anchor->flags & ~(uint32_t)TRUST_FLAG_DEVELOPMENT) != 0 || anchor->minimum_rollback_index != 0)) {
        return usage_error("keygen", "--operator goes with --development, --passphrase-file and --quiet only; the "
                                     "other options are about keys that sign");
    }
    return one_operand("keygen", "the directory", count, arguments) ? EXIT_OK : EXIT_USAGE;
}

int command_keygen(int count, char **arguments)
{
    struct keygen_request request = {.anchor.serial = 1};
    bool helped = false;
    int status = parse_options(count, arguments, &request, &helped);
    if (status != EXIT_OK || helped) {
        return status;
    }
    bool development = (request.anchor.flags & TRUST_FLAG_DEVELOPMENT) != 0;
    request.directory = arguments[optind];
    if (request.lattice == NULL) {
        request.lattice = signature_parameters(development ? SIGNATURE_ML_DSA_65 : SIGNATURE_ML_DSA_87);
    }
    if (request.hash == NULL) {
        request.hash = signature_parameters(development ? SIGNATURE_SLH_DSA_SHA2_128S : SIGNATURE_SLH_DSA_SHA2_256S);
    }
    struct arena arena = {0};
    secret_protect_process();
    struct operator_request operator_request = {
        .directory = request.directory,
        .passphrase_file = request.passphrase_file,
        .development = development,
        .quiet = request.quiet,
    };
    status = request.for_operator ? operator_keygen(&arena, &operator_request) : keygen(&arena, &request);
    arena_free(&arena);
    return status;
}
