/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect.h"
#include <getopt.h>
#include <inttypes.h>
#include <tool/boot_image.h>
#include <tool/command.h>
#include <tool/disk.h>
#include <tool/json.h>
#include <tool/key_options.h>
#include <tool/verify.h>

static const char help[] = "Usage: skyscope verify [OPTION]... --trust FILE INPUT\n"
                           "Says whether INPUT is what the owner of a trust anchor signed, who vouches for it, and "
                           "whether each image in it is\n"
                           "right. INPUT is a payload, or an ISO image or disk in a file or on a device (/dev/sdX).\n\n"
                           "      --trust FILE   the trust anchor: system.trust of a directory of keys\n"
                           "      --json         as JSON\n"
                           "      --help         show this\n\n"
                           "Exit status 1 if anything is wrong with it.\n";

static const char *image_verdict(const struct image_view *image)
{
    if (image->data == NULL) {
        return "MISSING";
    }
    if ((image->row->flags & MANIFEST_IMAGE_UNSIGNED) != 0) {
        return "UNSIGNED";
    }
    return image->hash_right ? "right" : "WRONG";
}

static void print_verdict(const char *path, const struct input *input, const struct trust_anchor *anchor,
                          const struct verdict *verdict)
{
    const struct payload_view *view = &verdict->view;
    printf("%s: %s\n", path, input_kind_name(input->kind));
    if (view->manifest_present) {
        printf("system          %s\n", view->manifest.system_name);
        printf("rollback index  %" PRIu64 "\n", view->manifest.rollback_index);
    }
    printf("trust anchor    serial number %" PRIu64 "%s\n", anchor->serial,
           (anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0 ? ", DEVELOPMENT KEY" : "");
    if (verdict->pair == NULL) {
        printf("vouched for by  NOBODY\n");
    } else {
        printf("vouched for by\n");
        print_trust_pair(stdout, verdict->pair);
    }
    if (input->kind == INPUT_ISO) {
        printf("loader          %s\n", input->loader == NULL     ? "not found"
                                       : verdict->loader_checked ? "has this trust anchor"
                                                                 : "WRONG");
    }
    if (view->image_count != 0) {
        printf("images\n");
    }
    for (uint32_t i = 0; i < view->image_count; i++) {
        const struct image_view *image = &view->images[i];
        printf("  %-8s  %-14s %12" PRIu64 "  %s\n", image_verdict(image), role_name(image->row->role), image->row->size,
               image->row->name);
    }
    printf("verdict         %s\n", verdict->problems.count == 0 ? "right" : "WRONG");
}

static void write_verdict(const char *path, const struct input *input, const struct trust_anchor *anchor,
                          const struct verdict *verdict)
{
    const struct payload_view *view = &verdict->view;
    struct json json = {.to = stdout};
    json_open(&json, NULL, '{');
    json_string(&json, "file", path);
    json_string(&json, "kind", input_kind_name(input->kind));
    json_boolean(&json, "valid", verdict->problems.count == 0);
    json_open(&json, "problems", '[');
    LIST_FOR (const char, problem, &verdict->problems) {
        json_string(&json, NULL, problem);
    }
    json_close(&json, ']');
    json_number(&json, "trust_serial", anchor->serial);
    json_boolean(&json, "development", (anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0);
    if (verdict->pair != NULL) {
        json_open(&json, "vouched_by", '{');
        json_string(&json, "pair", trust_status_name(verdict->pair->status));
        write_trust_key(&json, "lattice", &verdict->pair->lattice);
        write_trust_key(&json, "hash_based", &verdict->pair->hash);
        json_close(&json, '}');
    }
    if (input->loader != NULL) {
        json_boolean(&json, "loader_right", verdict->loader_checked);
    }
    if (view->manifest_present) {
        json_string(&json, "system", view->manifest.system_name);
        json_number(&json, "rollback_index", view->manifest.rollback_index);
        json_open(&json, "images", '[');
        for (uint32_t i = 0; i < view->image_count; i++) {
            const struct image_view *image = &view->images[i];
            json_open(&json, NULL, '{');
            json_string(&json, "name", image->row->name);
            json_string(&json, "role", role_name(image->row->role));
            json_number(&json, "size", image->row->size);
            json_string(&json, "verdict", image_verdict(image));
            json_close(&json, '}');
        }
        json_close(&json, ']');
    }
    json_close(&json, '}');
}

static int verify(struct arena *arena, const char *path, const char *trust_path, bool json)
{
    const char *reason = NULL;
    struct trust_file trust;
    struct input input;
    struct verdict *verdict = ARENA_NEW(arena, struct verdict);
    if (!trust_file_read(arena, trust_path, &trust, &reason)) {
        return failure("%s", reason);
    }
    if (is_skyscope_disk(arena, path)) {
        return verify_disk(arena, path, &trust.anchor, json);
    }
    if (!input_open(arena, path, &input, &reason)) {
        return failure("'%s' cannot be verified: %s", path, reason);
    }
    if (input.payload == NULL) {
        return failure("'%s' is a %s; give a payload or an image, and this with --trust", path,
                       input_kind_name(input.kind));
    }
    verify_payload_blob(arena, input.payload, &trust.anchor, verdict);
    if (input.loader != NULL) {
        verify_loader_blob(arena, input.loader, &trust.anchor, verdict);
    } else if (input.kind == INPUT_ISO) {
        list_append(arena, &verdict->problems,
                    arena_copy_string(arena, "there is no /" BOOT_IMAGE_PAYLOAD_DIRECTORY
                                             "/efi.img, and so no loader to look at; make the image anew with "
                                             "'skyscope iso'"));
    }
    if (json) {
        write_verdict(path, &input, &trust.anchor, verdict);
    } else {
        print_verdict(path, &input, &trust.anchor, verdict);
    }
    int status = verdict->problems.count == 0 ? EXIT_OK : EXIT_FAILED;
    if (fflush(stdout) != 0) {
        status = failure("the output cannot be written");
    }
    LIST_FOR (const char, problem, &verdict->problems) {
        fprintf(stderr, "%s: error: %s\n", path, problem);
    }
    return status;
}

int command_verify(int count, char **arguments)
{
    enum { OPTION_TRUST = 256, OPTION_JSON, OPTION_HELP };
    static const struct option options[] = {
        {"trust", required_argument, NULL, OPTION_TRUST},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    const char *trust = NULL;
    bool json = false;
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case OPTION_TRUST:
            trust = optarg;
            break;
        case OPTION_JSON:
            json = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            return EXIT_OK;
        default:
            return usage_error("verify", "wrong option");
        }
    }
    if (!one_operand("verify", "the payload or image", count, arguments)) {
        return EXIT_USAGE;
    }
    if (trust == NULL) {
        return usage_error("verify", "--trust FILE, the trust anchor, is missing");
    }
    struct arena arena = {0};
    int status = verify(&arena, arguments[optind], trust, json);
    arena_free(&arena);
    return status;
}
