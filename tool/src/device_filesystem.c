/* SPDX-License-Identifier: BSD-2-Clause */
/* <filesystem>: a directory that a VM mounts: one of the host's, packed into the system, or memory. */
#include "expand.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tool/number.h>
#include <tool/tree_pack.h>
#include <tool/xml_reader.h>

#define TAG_LENGTH   36u /* VirtIO 1.2 §5.11.4 */
#define SIZE_MIN     0x100000u
#define SIZE_LARGEST DEVICE_SPAN
#define SIZE_STEP    4096u

static void parse_tag(struct system *system, xmlNodePtr node, const struct vm_element *vm, struct vm_device *device)
{
    struct filesystem_device *filesystem = device->details;
    const char *tag = attribute(system, node, "target");
    filesystem->tag = tag != NULL ? tag : device->name;
    bool usable = filesystem->tag[0] != '\0' && strlen(filesystem->tag) <= TAG_LENGTH;
    for (const char *c = filesystem->tag; *c != '\0'; c++) {
        usable = usable && *c > 0x20 && *c < 0x7f;
    }
    if (!usable) {
        report_error(
            &system->diagnostics, device->line,
            "<filesystem> target=\"%s\" is nothing to mount by; use 1 to %u printable ASCII characters without "
            "spaces",
            filesystem->tag, TAG_LENGTH);
    }
    LIST_FOR (const struct vm_device, other, &vm->devices) {
        if (other->type == device->type &&
            strcmp(((const struct filesystem_device *)other->details)->tag, filesystem->tag) == 0) {
            report_error(&system->diagnostics, device->line,
                         "<filesystem> target=\"%s\" again in VM '%s' (first at line %ld); give each its own",
                         filesystem->tag, vm->name, other->line);
        }
    }
}

static void parse(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_device *device)
{
    struct filesystem_device *filesystem = ARENA_NEW(&system->arena, struct filesystem_device);
    device->details = filesystem;
    check_empty(system, node);
    parse_tag(system, node, vm, device);
    filesystem->source = attribute(system, node, "source");
    bool size_given = size_attribute(system, node, "size", &filesystem->size);
    if ((filesystem->source != NULL) == (attribute(system, node, "size") != NULL)) {
        report_error(&system->diagnostics, device->line,
                     "<filesystem> has %s; give source=\"DIRECTORY\" for one that is packed into the "
                     "system and read-only, or size=\"64MiB\" for memory that the VM writes to",
                     filesystem->source != NULL ? "both source and size" : "neither source nor size");
    }
    if (filesystem->source == NULL && !size_given) {
        filesystem->size = SIZE_MIN; /* so that the rest can be checked */
    }
    if (size_given &&
        (filesystem->size < SIZE_MIN || filesystem->size > SIZE_LARGEST || filesystem->size % SIZE_STEP != 0)) {
        report_error(&system->diagnostics, device->line,
                     "<filesystem> size=\"%s\" is out of range; use 1 MiB to 1 GiB, a multiple of 4 KiB",
                     attribute(system, node, "size"));
        filesystem->size = SIZE_MIN;
    }
}

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Where the directory is; NULL: nowhere. */
static const char *find_directory(struct system *system, const char *name)
{
    if (name[0] == '/') {
        return is_directory(name) ? name : NULL;
    }
    for (size_t i = 0; i < system->search->count; i++) {
        const char *path = arena_format(&system->arena, "%s/%s", (const char *)system->search->items[i], name);
        if (is_directory(path)) {
            return path;
        }
    }
    return NULL;
}

static uint64_t epoch(void)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds = 0;
    return text != NULL && parse_number(text, &seconds) ? seconds : 0;
}

static struct blob *pack(struct device_expansion *expansion, const struct vm_device *device,
                         const struct filesystem_device *filesystem)
{
    struct system *system = expansion->system;
    const char *directory = find_directory(system, filesystem->source);
    const char *reason = NULL;
    if (directory == NULL) {
        report_error(
            &system->diagnostics, device->line,
            "<filesystem source=\"%s\"> of VM '%s' is no directory; correct the path or add the one that it is "
            "in with --search-path",
            filesystem->source, expansion->vm->name);
        return NULL;
    }
    const char *name = arena_format(&system->arena, "%s.tree", device_part_name(expansion, device, "files"));
    struct blob *blob = tree_pack(&system->arena, directory, epoch(), name, &reason);
    if (blob == NULL) {
        report_error(&system->diagnostics, device->line,
                     "<filesystem source=\"%s\"> of VM '%s' cannot be packed: %s; correct that", filesystem->source,
                     expansion->vm->name, reason);
    } else if (blob->size > DEVICE_SPAN) {
        report_error(&system->diagnostics, device->line,
                     "<filesystem source=\"%s\"> of VM '%s' has %zu bytes; use less than 1 GiB, or a <disk>",
                     filesystem->source, expansion->vm->name, blob->size);
        blob = NULL;
    }
    return blob;
}

static void expand(struct device_expansion *expansion, const struct vm_device *device, struct vm_device_config *config)
{
    const struct filesystem_device *filesystem = device->details;
    struct blob *blob = NULL;
    memcpy(config->filesystem.tag, filesystem->tag, strnlen(filesystem->tag, sizeof(config->filesystem.tag)));
    if (filesystem->source != NULL) {
        blob = pack(expansion, device, filesystem);
        if (blob == NULL) {
            return;
        }
        config->filesystem.tree = expansion->base;
        config->filesystem.tree_size = blob->size;
    } else {
        config->filesystem.memory = expansion->base;
        config->filesystem.memory_size = filesystem->size;
    }
    struct region *region = add_region(expansion->system, device->line, device_part_name(expansion, device, "files"),
                                       filesystem->size, PAGE_SIZE_4K, blob);
    add_map(expansion->system, &expansion->vmm->maps, device->line, region, expansion->base,
            blob != NULL ? READ : READ_WRITE, NULL);
}

static const char *const attributes[] = {"name", "bus", "source", "target", "size", NULL};

const struct vm_device_type filesystem_device_type = {
    .element = "filesystem",
    .kind = VM_DEVICE_FILE_SYSTEM,
    .workspace = VM_WORKSPACE_FILES,
    .attributes = attributes,
    .parse = parse,
    .expand = expand,
};
