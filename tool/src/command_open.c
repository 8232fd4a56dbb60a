/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <skyscope/log_export.h>
#include <string.h>
#include <tool/command.h>
#include <tool/key_options.h>
#include <tool/operator_key.h>
#include <tool/unseal.h>
#include <unistd.h>

static const char help[] =
    "Usage: skyscope open [OPTION]... --key FILE [INPUT]\n"
    "Decrypts what the manager's command 'export log' wrote. INPUT holds the lines from BEGIN to END; what is before,\n"
    "after and between them does not matter. Without INPUT, or if it is -, standard input is read. Whoever has the\n"
    "public key can seal: that the text opens does not say who wrote it.\n\n"
    "  -k, --key FILE         the operator's private key, as 'skyscope keygen --operator' made it\n"
    "      --passphrase-file FILE\n"
    "                         the key's passphrase (default: ask at the terminal)\n"
    "  -o, --output FILE      write the text to FILE (default: standard output)\n"
    "      --partial          if the end is missing or damaged, write what comes before; the exit status is 1 then, "
    "too\n"
    "      --help             show this\n";

#define MAX_INPUT 0x10000000u

struct open_request {
    const char *input, *key, *passphrase_file, *output;
    bool partial;
};

static struct blob *read_input(struct arena *arena, const char *path, const char **reason)
{
    if (strcmp(path, "-") != 0) {
        return read_file(arena, path, MAX_INPUT, reason);
    }
    size_t capacity = 0x10000, count;
    struct blob *blob = ARENA_NEW(arena, struct blob);
    *blob = (struct blob){.data = arena_allocate(arena, capacity), .path = "standard input", .generated = true};
    while ((count = fread(blob->data + blob->size, 1, capacity - blob->size, stdin)) > 0) {
        blob->size += count;
        if (blob->size == capacity) {
            if (capacity >= MAX_INPUT) {
                *reason = "it is longer than 256 MiB";
                return NULL;
            }
            uint8_t *larger = arena_allocate(arena, 2 * capacity);
            memcpy(larger, blob->data, blob->size);
            blob->data = larger;
            capacity *= 2;
        }
    }
    if (ferror(stdin)) {
        *reason = "reading failed";
        return NULL;
    }
    return blob;
}

/* Reads and decrypts the key, which is asked for only if it is the right one. NULL, or what is wrong. */
static const char *load_key(struct arena *arena, const struct open_request *request, uint32_t suite, const uint8_t *id,
                            uint8_t *secret_key)
{
    struct key_file key;
    const char *reason = NULL;
    char wanted[SHORT_KEY_ID_LENGTH], given[SHORT_KEY_ID_LENGTH];
    struct passphrase passphrase = {.text = secret_allocate(PASSPHRASE_MAX + 1)};
    struct passphrase_source source = {.file = request->passphrase_file,
                                       .whose = arena_format(arena, "the key %s", request->key)};
    if (key_file_read(arena, request->key, &key, &reason) == NULL) {
        passphrase_forget(&passphrase);
        return reason;
    }
    if (key.kind == KEY_KIND_OPERATOR && (key.algorithm != suite || memcmp(key.id, id, SEAL_KEY_ID_SIZE) != 0)) {
        passphrase_forget(&passphrase);
        return arena_format(arena, "the logs are sealed to the key %s, and '%s' is the key %s; give the other one",
                            short_key_id(wanted, id), request->key, short_key_id(given, key.id));
    }
    bool may_be_empty = (key.flags & KEY_FLAG_DEVELOPMENT) != 0 || key.kind != KEY_KIND_OPERATOR;
    reason = may_be_empty ? operator_key_unlock(&key, &passphrase, secret_key) : "locked";
    if (reason != NULL && key.kind == KEY_KIND_OPERATOR) {
        passphrase_forget(&passphrase);
        reason = passphrase_get(arena, &source, &passphrase);
        reason = reason == NULL ? operator_key_unlock(&key, &passphrase, secret_key) : reason;
    }
    passphrase_forget(&passphrase);
    return reason == NULL ? NULL : arena_format(arena, "key file '%s' cannot be used: %s", request->key, reason);
}

/* Whoever sealed the text is not known: its control characters stay out of the terminal. */
static void make_printable(struct unsealed *text)
{
    for (size_t i = 0; i < text->size; i++) {
        uint8_t c = text->data[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c >= 0x7f) {
            text->data[i] = '?';
        }
    }
}

static int write_text(struct arena *arena, const struct open_request *request, struct unsealed *text)
{
    const char *reason = NULL;
    if (request->output != NULL) {
        return write_file(arena, request->output, text->data, text->size, &reason)
                   ? EXIT_OK
                   : failure("'%s' cannot be written: %s", request->output, reason);
    }
    if (isatty(STDOUT_FILENO)) {
        make_printable(text);
    }
    if (fwrite(text->data, 1, text->size, stdout) != text->size || fflush(stdout) != 0) {
        return failure("standard output cannot be written");
    }
    return EXIT_OK;
}

static int open_sealed(struct arena *arena, const struct open_request *request)
{
    const char *reason = NULL;
    size_t skipped = 0;
    uint32_t suite = 0;
    uint8_t id[SEAL_KEY_ID_SIZE];
    struct unsealed text;
    const char *name = strcmp(request->input, "-") == 0 ? "standard input" : request->input;
    struct blob *input = read_input(arena, request->input, &reason);
    if (input == NULL) {
        return failure("'%s' cannot be read: %s", name, reason);
    }
    struct blob *sealed = unarmour(arena, input->data, input->size, &skipped, &reason);
    if (sealed == NULL || !unseal_recipient(arena, sealed, &suite, id, &reason)) {
        return failure("'%s': %s", name, reason);
    }
    uint8_t *secret_key = secret_allocate(SEAL_SECRET_KEY_SIZE);
    reason = load_key(arena, request, suite, id, secret_key);
    if (reason != NULL) {
        secret_free(secret_key, SEAL_SECRET_KEY_SIZE);
        return failure("%s", reason);
    }
    bool good = unseal(arena, sealed, suite, secret_key, LOG_EXPORT_CONTEXT, &text, &reason);
    secret_free(secret_key, SEAL_SECRET_KEY_SIZE);
    int status = EXIT_OK;
    if (!good) {
        status = failure("'%s': %s", name, reason);
        if (skipped > 0) {
            fprintf(stderr,
                    "skyscope: %zu line%s between BEGIN and END %s no base64 and were left out; one of them may "
                    "be a damaged line\n",
                    skipped, skipped == 1 ? "" : "s", skipped == 1 ? "is" : "are");
        }
        if (!request->partial && text.size > 0) {
            fprintf(stderr, "skyscope: nothing was written; --partial writes the %zu bytes before that\n", text.size);
        }
    }
    if (good || (request->partial && text.size > 0)) {
        int written = write_text(arena, request, &text);
        status = status == EXIT_OK ? written : status;
    }
    return status;
}

static int parse_options(int count, char **arguments, struct open_request *request, bool *helped)
{
    enum { OPTION_PASSPHRASE = 256, OPTION_PARTIAL, OPTION_HELP };
    static const struct option options[] = {
        {"key", required_argument, NULL, 'k'},    {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE},
        {"output", required_argument, NULL, 'o'}, {"partial", no_argument, NULL, OPTION_PARTIAL},
        {"help", no_argument, NULL, OPTION_HELP}, {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "k:o:", options, NULL)) != -1) {
        switch (option) {
        case 'k':
            request->key = optarg;
            break;
        case OPTION_PASSPHRASE:
            request->passphrase_file = optarg;
            break;
        case 'o':
            request->output = optarg;
            break;
        case OPTION_PARTIAL:
            request->partial = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            *helped = true;
            return EXIT_OK;
        default:
            return usage_error("open", "wrong option");
        }
    }
    if (request->key == NULL) {
        return usage_error("open", "--key is missing: the operator's private key");
    }
    if (optind < count) {
        request->input = arguments[optind];
        return one_operand("open", "the input", count, arguments) ? EXIT_OK : EXIT_USAGE;
    }
    return EXIT_OK;
}

int command_open(int count, char **arguments)
{
    struct open_request request = {.input = "-"};
    bool helped = false;
    int status = parse_options(count, arguments, &request, &helped);
    if (status != EXIT_OK || helped) {
        return status;
    }
    struct arena arena = {0};
    secret_protect_process();
    status = open_sealed(&arena, &request);
    arena_free(&arena);
    return status;
}
