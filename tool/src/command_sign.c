/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <tool/command.h>
#include <tool/key_options.h>
#include <tool/key_rotation.h>
#include <tool/number.h>
#include <tool/payload_sign.h>
#include <tool/verify.h>

static const char help[] =
    "Usage: skyscope sign [OPTION]... --keys DIRECTORY PAYLOAD\n"
    "Signs a payload with both keys of a pair, in place of signatures that it may have, and verifies the result "
    "before\n"
    "it writes anything.\n\n"
    "      --keys DIRECTORY   the keys, as 'skyscope keygen' made them\n"
    "      --pair NAME        primary (default) or next\n"
    "      --trust FILE       the trust anchor to verify by (default: DIRECTORY/system.trust)\n"
    "      --rollback-index N number that must never go down from payload to payload (default: leave it)\n"
    "      --passphrase-file FILE\n"
    "                         the keys' passphrase (default: ask at the terminal)\n"
    "  -o, --output FILE      write the signed payload to FILE (default: PAYLOAD, which is replaced)\n"
    "  -q, --quiet            say nothing but errors\n"
    "      --help             show this\n";

struct sign_request {
    const char *file, *keys, *pair, *trust, *passphrase_file, *output;
    uint64_t rollback_index;
    bool rollback_given, quiet;
};

/* Signs; the signed payload is in signing->payload. */
static bool sign_payload(struct arena *arena, const struct sign_request *request, const struct blob *payload,
                         struct payload_signing *signing, const char **reason)
{
    struct signing_pair pair;
    uint8_t *lattice, *hash;
    if (!signing_pair_load(arena, request->keys, request->pair, request->passphrase_file, &pair, reason)) {
        return false;
    }
    struct payload_keys keys = {
        .lattice_algorithm = pair.lattice.parameters->id,
        .hash_based_algorithm = pair.hash.parameters->id,
    };
    memcpy(keys.lattice_key_id, pair.lattice.id, sizeof(keys.lattice_key_id));
    memcpy(keys.hash_based_key_id, pair.hash.id, sizeof(keys.hash_based_key_id));
    *reason =
        payload_lay_out(arena, payload, &keys, request->rollback_given ? &request->rollback_index : NULL, signing);
    bool good = *reason == NULL;
    if (!good) {
        *reason = arena_format(arena, "payload '%s' is not right: %s", request->file, *reason);
    } else {
        good = signing_pair_sign(arena, &pair, signing->context, signing->message, signing->message_size, &lattice,
                                 &hash, reason);
    }
    if (good) {
        payload_attach(signing, lattice, hash);
    }
    signing_pair_forget(&pair);
    return good;
}

static int sign(struct arena *arena, const struct sign_request *request)
{
    const char *reason = NULL;
    struct trust_file trust;
    struct payload_signing signing;
    struct verdict *verdict = ARENA_NEW(arena, struct verdict);
    struct blob *payload = read_file(arena, request->file, FILE_MAX_SIZE, &reason);
    if (payload == NULL) {
        return failure("'%s' cannot be read: %s", request->file, reason);
    }
    if (rotation_pending(arena, request->keys)) {
        return failure("a rotation of the keys in %s was interrupted; complete it with 'skyscope rotate %s'",
                       request->keys, request->keys);
    }
    if (!trust_file_read(arena, request->trust, &trust, &reason) ||
        !sign_payload(arena, request, payload, &signing, &reason)) {
        return failure("%s", reason);
    }
    if (!verify_payload_blob(arena, signing.payload, &trust.anchor, verdict)) {
        return failure("nothing was written, because '%s' would not accept the result: %s", request->trust,
                       (const char *)verdict->problems.items[0]);
    }
    if (!write_file(arena, request->output, signing.payload->data, signing.payload->size, &reason)) {
        return failure("'%s' cannot be written: %s", request->output, reason);
    }
    if (!request->quiet) {
        printf("%s: system %s, rollback index %" PRIu64 ", signed by%s\n", request->output,
               signing.manifest->system_name, signing.manifest->rollback_index,
               (trust.anchor.flags & TRUST_FLAG_DEVELOPMENT) != 0 ? " a DEVELOPMENT KEY" : "");
        print_trust_pair(stdout, verdict->pair);
    }
    return EXIT_OK;
}

static int parse_options(int count, char **arguments, struct sign_request *request, bool *helped)
{
    enum { OPTION_KEYS = 256, OPTION_PAIR, OPTION_TRUST, OPTION_ROLLBACK, OPTION_PASSPHRASE, OPTION_HELP };
    static const struct option options[] = {
        {"keys", required_argument, NULL, OPTION_KEYS},
        {"pair", required_argument, NULL, OPTION_PAIR},
        {"trust", required_argument, NULL, OPTION_TRUST},
        {"rollback-index", required_argument, NULL, OPTION_ROLLBACK},
        {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE},
        {"output", required_argument, NULL, 'o'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "o:q", options, NULL)) != -1) {
        switch (option) {
        case OPTION_KEYS:
            request->keys = optarg;
            break;
        case OPTION_PAIR:
            if (strcmp(optarg, "primary") != 0 && strcmp(optarg, "next") != 0) {
                return usage_error("sign", "--pair '%s' is not known; use primary or next", optarg);
            }
            request->pair = optarg;
            break;
        case OPTION_TRUST:
            request->trust = optarg;
            break;
        case OPTION_ROLLBACK:
            if (!parse_number(optarg, &request->rollback_index)) {
                return usage_error("sign", "--rollback-index '%s' is not a number", optarg);
            }
            request->rollback_given = true;
            break;
        case OPTION_PASSPHRASE:
            request->passphrase_file = optarg;
            break;
        case 'o':
            request->output = optarg;
            break;
        case 'q':
            request->quiet = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            *helped = true;
            return EXIT_OK;
        default:
            return usage_error("sign", "wrong option");
        }
    }
    if (!one_operand("sign", "the payload", count, arguments)) {
        return EXIT_USAGE;
    }
    return request->keys != NULL ? EXIT_OK
                                 : usage_error("sign", "--keys DIRECTORY is missing; make one with 'skyscope keygen'");
}

int command_sign(int count, char **arguments)
{
    struct sign_request request = {.pair = "primary"};
    bool helped = false;
    int status = parse_options(count, arguments, &request, &helped);
    if (status != EXIT_OK || helped) {
        return status;
    }
    struct arena arena = {0};
    request.file = arguments[optind];
    request.output = request.output != NULL ? request.output : request.file;
    request.trust = request.trust != NULL ? request.trust : arena_format(&arena, "%s/" TRUST_FILE, request.keys);
    secret_protect_process();
    status = sign(&arena, &request);
    arena_free(&arena);
    return status;
}
