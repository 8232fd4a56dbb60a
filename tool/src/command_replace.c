/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <tool/command.h>
#include <tool/payload_reader.h>

static const char help[] =
    "Usage: skyscope replace [OPTION]... PAYLOAD IMAGE FILE\n"
    "Puts the content of FILE in place of an unsigned guest image of a payload, which stays signed as it is.\n"
    "IMAGE is the image's name, as 'skyscope inspect' lists it: guest/VM_kernel or guest/VM_initrd. FILE may be\n"
    "smaller than the image, not larger; zeros fill up the rest.\n\n"
    "  -o, --output FILE  write the result to FILE (default: in place of PAYLOAD)\n"
    "  -q, --quiet        say nothing but errors\n"
    "      --help         show this\n";

/* The unsigned image of that name, NULL if there is none, which is reported. */
static const struct manifest_image *find_image(const struct payload_view *view, const char *path, const char *name)
{
    for (uint32_t i = 0; i < view->image_count; i++) {
        const struct manifest_image *image = view->images[i].row;
        if (strcmp(image->name, name) == 0) {
            if ((image->flags & MANIFEST_IMAGE_UNSIGNED) != 0) {
                return image;
            }
            failure("image '%s' of '%s' is vouched for by a hash and cannot be replaced; give its element "
                    "unsigned=\"true\" in the system file, or build and sign the payload again",
                    name, path);
            return NULL;
        }
    }
    fprintf(stderr, "skyscope: '%s' has no image '%s'; its unsigned images are:", path, name);
    bool any = false;
    for (uint32_t i = 0; i < view->image_count; i++) {
        if ((view->images[i].row->flags & MANIFEST_IMAGE_UNSIGNED) != 0) {
            fprintf(stderr, " '%s'", view->images[i].row->name);
            any = true;
        }
    }
    fprintf(stderr, "%s\n", any ? "" : " none");
    return NULL;
}

static int replace(struct arena *arena, char **operands, const char *output, bool quiet)
{
    const char *reason = NULL;
    struct blob *payload = read_file(arena, operands[0], FILE_MAX_SIZE, &reason);
    if (payload == NULL) {
        return failure("'%s' cannot be read: %s", operands[0], reason);
    }
    struct payload_view *view = ARENA_NEW(arena, struct payload_view);
    if (!payload_read(arena, payload, view)) {
        return failure("'%s' cannot be used: %s", operands[0], (const char *)view->problems.items[0]);
    }
    const struct manifest_image *image = find_image(view, operands[0], operands[1]);
    if (image == NULL) {
        return EXIT_FAILED;
    }
    struct blob *file = read_file(arena, operands[2], FILE_MAX_SIZE, &reason);
    if (file == NULL) {
        return failure("'%s' cannot be read: %s", operands[2], reason);
    }
    if (file->size == 0) {
        return failure("'%s' is an empty file; give one with content", operands[2]);
    }
    if (file->size > image->size) {
        return failure("'%s' has %zu bytes and image '%s' has room for %llu; build the payload with a file at least as "
                       "large",
                       operands[2], file->size, operands[1], (unsigned long long)image->size);
    }
    memcpy(payload->data + image->offset, file->data, file->size);
    memset(payload->data + image->offset + file->size, 0, image->size - file->size);
    output = output != NULL ? output : operands[0];
    if (!write_file(arena, output, payload->data, payload->size, &reason)) {
        return failure("'%s' cannot be written: %s", output, reason);
    }
    if (!quiet) {
        printf("%s: image %s replaced, %zu of %llu bytes used; UNSIGNED: nothing vouches for it\n", output, operands[1],
               file->size, (unsigned long long)image->size);
    }
    return EXIT_OK;
}

int command_replace(int count, char **arguments)
{
    enum { OPTION_HELP = 256 };
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    const char *output = NULL;
    bool quiet = false;
    int option;
    while ((option = getopt_long(count, arguments, "o:q", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            output = optarg;
            break;
        case 'q':
            quiet = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            return EXIT_OK;
        default:
            return usage_error("replace", "wrong option");
        }
    }
    if (count - optind != 3) {
        return usage_error("replace", "give PAYLOAD, IMAGE and FILE");
    }
    struct arena arena = {0};
    int status = replace(&arena, arguments + optind, output, quiet);
    arena_free(&arena);
    return status;
}
