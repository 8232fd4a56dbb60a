/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SDK's own tool makes the images: on AArch64 one, which has its boot code, seL4
 * and everything else in it and is entered at EL2; on x86-64 seL4, and a boot module
 * with everything else.
 */
#include <crypto/manifest.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <tool/command.h>
#include <tool/print_system.h>
#include <tool/process.h>
#include <tool/sel4.h>
#include <tool/target.h>

/* What the SDK's tool puts beside the boot module. */
#define X86_KERNEL "sel4.elf"

static bool write_blobs(struct system *system, const char *directory)
{
    const char *reason = NULL;
    LIST_FOR (const struct region, region, &system->regions) {
        if (region->prefill == NULL || !region->prefill->generated) {
            continue;
        }
        const char *path = arena_format(&system->arena, "%s/%s", directory, region->prefill->path);
        if (!write_file(&system->arena, path, region->prefill->data, region->prefill->size, &reason)) {
            failure("'%s' cannot be written: %s", path, reason);
            return false;
        }
    }
    return true;
}

/* The description with the files that were found, each by its absolute path. */
static bool write_description(struct system *system, const char *path)
{
    const char *reason = NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL) {
        failure("out of memory");
        return false;
    }
    system_print(system, true, to);
    fclose(to);
    bool written = write_file(&system->arena, path, text, size, &reason);
    free(text);
    if (!written) {
        failure("'%s' cannot be written: %s", path, reason);
    }
    return written;
}

static void show_log(struct arena *arena, const char *path)
{
    const char *reason = NULL;
    struct blob *log = read_file(arena, path, 0x1000000, &reason);
    if (log != NULL) {
        fwrite(log->data, 1, log->size, stderr);
    }
}

static bool run_microkit(struct system *system, const char *directory, const char *description, const char *output,
                         bool verbose)
{
    struct arena *arena = &system->arena;
    const struct sel4_request *sel4 = &system->sel4;
    const char *log = arena_format(arena, "%s/microkit.log", directory);
    const char *words[] = {arena_format(arena, "%s/bin/microkit", sel4->sdk), description, "--board", sel4->board->name,
                           "--config", sel4->configuration, "--image-type", "elf", "--output", output, "--report",
                           arena_format(arena, "%s/report.txt", directory),
                           /* It takes all words behind this for directories. */
                           "--search-path", directory};
    struct list arguments = {0};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        list_append(arena, &arguments, arena_copy_string(arena, words[i]));
    }
    if (verbose) {
        fprintf(stderr, "%s\n", command_line(arena, &arguments));
    }
    int status = run_program(arena, &arguments, verbose ? NULL : log);
    if (status != 0) {
        if (!verbose) {
            show_log(arena, log);
        }
        failure("the Microkit's tool (%s) failed with status %d; its messages are above", words[0], status);
    }
    return status == 0;
}

static bool add_item(struct system *system, struct list *items, const char *name, uint32_t role, const char *path)
{
    const char *reason = NULL;
    struct blob *blob = read_file(&system->arena, path, FILE_MAX_SIZE, &reason);
    if (blob == NULL || blob->size == 0) {
        failure("the Microkit's tool made no usable '%s': %s", path, blob == NULL ? reason : "it is empty");
        return false;
    }
    struct payload_item *item = ARENA_NEW(&system->arena, struct payload_item);
    *item = (struct payload_item){.name = name, .role = role, .blob = blob};
    list_append(&system->arena, items, item);
    return true;
}

bool sel4_build(struct system *system, const char *directory, bool verbose, struct list *items)
{
    struct arena *arena = &system->arena;
    const char *description = arena_format(arena, "%s/%s.system", directory, system->name);
    const char *image = arena_format(arena, "%s/image.elf", directory);
    if (!write_blobs(system, directory) || !write_description(system, description) ||
        !run_microkit(system, directory, description, image, verbose)) {
        return false;
    }
    if (system->target == &target_x86_64) {
        return add_item(system, items, "sel4", MANIFEST_ROLE_FOREIGN_KERNEL,
                        arena_format(arena, "%s/" X86_KERNEL, directory)) &&
               add_item(system, items, "microkit", MANIFEST_ROLE_MODULE, image);
    }
    return add_item(system, items, "microkit", MANIFEST_ROLE_FOREIGN_KERNEL, image);
}
