/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect.h"
#include <crypto/seal.h>
#include <getopt.h>
#include <string.h>
#include <tool/command.h>
#include <tool/disk.h>
#include <tool/loader_image.h>
#include <tool/verify.h>

static const char help[] =
    "Usage: skyscope inspect [OPTION]... FILE\n"
    "Lists what a payload or an ISO image contains and verifies its structure and hashes. Lists also what a trust "
    "anchor\n"
    "(system.trust), that in a loader, and the public part of a private key (*.key) say.\n\n"
    "      --json   as JSON\n"
    "      --help   show this\n\n"
    "Exit status 1 if anything is wrong with it. Who vouches for it is for 'skyscope verify' to say.\n";

/* A payload says which keys signed it, not what kind of keys these are. An image's loader knows them; else the
 * development keys of this build may be the ones. */
static bool is_development(struct arena *arena, const struct input *input, const struct payload_view *view)
{
    const char *reason = NULL;
    struct trust_file trust;
    struct blob *blob = input->loader == NULL ? NULL : loader_scan_anchor(arena, input->loader, &reason);
    bool known = blob != NULL
                     ? trust_anchor_parse(blob->data, blob->size, &trust.anchor) == NULL
                     : trust_file_read(
                           arena, arena_format(arena, "%s/keys/development/" TRUST_FILE, installation_directory(arena)),
                           &trust, &reason);
    if (!known || !view->is_signed || (trust.anchor.flags & TRUST_FLAG_DEVELOPMENT) == 0) {
        return false;
    }
    for (uint32_t i = 0; i < trust.anchor.pair_count; i++) {
        if (memcmp(view->manifest.lattice_key_id, trust.anchor.pairs[i].lattice.id, SIGNATURE_KEY_ID_SIZE) == 0 ||
            memcmp(view->manifest.hash_based_key_id, trust.anchor.pairs[i].hash.id, SIGNATURE_KEY_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static int inspect_payload(struct arena *arena, const char *path, const struct input *input, bool json)
{
    struct payload_view *view = ARENA_NEW(arena, struct payload_view);
    bool good = payload_read(arena, input->payload, view);
    bool development = is_development(arena, input, view);
    if (json) {
        inspect_json(arena, view, development, stdout);
    } else {
        inspect_text(arena, view, development, stdout);
    }
    LIST_FOR (const char, problem, &view->problems) {
        fprintf(stderr, "%s: error: %s\n", path, problem);
    }
    return good ? EXIT_OK : EXIT_FAILED;
}

static int inspect_trust(const char *path, const struct input *input, bool json)
{
    struct trust_anchor anchor;
    const char *problem = trust_anchor_parse(input->file->data, input->file->size, &anchor);
    if (problem != NULL) {
        return failure("trust anchor '%s' is not right: %s", path, problem);
    }
    if (json) {
        inspect_trust_json(&anchor, stdout);
    } else {
        inspect_trust_text(&anchor, stdout);
    }
    return EXIT_OK;
}

/* Whom a loader trusts. */
static int inspect_loader(struct arena *arena, const char *path, const struct input *input, bool json)
{
    const char *reason = NULL;
    struct input anchor = {.kind = INPUT_TRUST, .file = loader_scan_anchor(arena, input->file, &reason)};
    return anchor.file == NULL ? failure("'%s' cannot be inspected: %s", path, reason)
                               : inspect_trust(path, &anchor, json);
}

static int inspect_key(struct arena *arena, const char *path, const struct input *input, bool json)
{
    struct key_file key;
    const char *problem = key_file_parse(input->file->data, input->file->size, &key);
    if (problem != NULL) {
        return failure("key file '%s' is not right: %s", path, problem);
    }
    if (json) {
        inspect_key_json(arena, &key, stdout);
    } else {
        inspect_key_text(arena, &key, stdout);
    }
    return EXIT_OK;
}

static int inspect_operator(const char *path, const struct input *input, bool json)
{
    uint32_t suite;
    const uint8_t *public_key;
    enum seal_error error = seal_key_file_parse(input->file->data, input->file->size, &suite, &public_key);
    if (error != SEAL_OK) {
        return failure("public key file '%s' is not right: %s", path, seal_error_text(error));
    }
    if (json) {
        inspect_operator_json(suite, public_key, stdout);
    } else {
        inspect_operator_text(suite, public_key, stdout);
    }
    return EXIT_OK;
}

static int inspect(const char *path, bool json)
{
    struct arena arena = {0};
    const char *reason = NULL;
    struct input input;
    int status;
    if (is_skyscope_disk(&arena, path)) {
        status =
            failure("'%s' is a disk, which 'skyscope verify' reads; inspect the payload that it was made of", path);
    } else if (!input_open(&arena, path, &input, &reason)) {
        status = failure("'%s' cannot be inspected: %s", path, reason);
    } else if (input.kind == INPUT_TRUST) {
        status = inspect_trust(path, &input, json);
    } else if (input.kind == INPUT_LOADER) {
        status = inspect_loader(&arena, path, &input, json);
    } else if (input.kind == INPUT_KEY) {
        status = inspect_key(&arena, path, &input, json);
    } else if (input.kind == INPUT_OPERATOR) {
        status = inspect_operator(path, &input, json);
    } else {
        status = inspect_payload(&arena, path, &input, json);
    }
    if (fflush(stdout) != 0) {
        status = failure("the output cannot be written");
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
    if (!one_operand("inspect", "the file", count, arguments)) {
        return EXIT_USAGE;
    }
    return inspect(arguments[optind], json);
}
