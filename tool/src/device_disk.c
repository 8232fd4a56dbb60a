/* SPDX-License-Identifier: BSD-2-Clause */
/* <disk>: a disk of a VM, served by the storage service. */
#include "expand.h"
#include <string.h>
#include <tool/number.h>
#include <tool/xml_reader.h>

#define DISK_ALIGNMENT      4096u
#define DISK_SIZE_MAX       (1ull << 40)
#define DISK_QUEUES_MAX     8u
#define DISK_QUEUES_DEFAULT 4u
#define DISK_PARTITIONS_MAX 128u
#define SERIAL_LENGTH       20u /* VirtIO 1.2 §5.2.6: VIRTIO_BLK_ID_BYTES */

static bool memory_size(struct system *system, xmlNodePtr node, const char *name, uint64_t *size)
{
    if (!size_attribute(system, node, name, size)) {
        return false;
    }
    if (*size == 0 || *size % DISK_ALIGNMENT != 0 || *size > DISK_SIZE_MAX) {
        report_error(&system->diagnostics, element_line(node),
                     "<disk> %s=\"%s\" is not a multiple of 4 KiB up to 1 TiB; use for example 64MiB", name,
                     attribute(system, node, name));
        *size = 0;
    }
    return true;
}

/* What the disk consists of: memory; an image; an image and memory. */
static void parse_medium(struct system *system, xmlNodePtr node, struct vm_device *device, struct disk_device *disk)
{
    struct diagnostics *diagnostics = &system->diagnostics;
    long line = device->line;
    const char *image = attribute(system, node, "image");
    bool size_given = memory_size(system, node, "size", &disk->size);
    bool overlay_given = memory_size(system, node, "overlay", &disk->overlay);
    bool size_present = attribute(system, node, "size") != NULL,
         overlay_present = attribute(system, node, "overlay") != NULL;
    boolean_attribute(system, node, "readonly", &disk->read_only);
    boolean_attribute(system, node, "unsigned", &disk->image.is_unsigned);
    uint64_t partition = 0;
    bool partition_given = number_attribute(system, node, "partition", 1, DISK_PARTITIONS_MAX, &partition);
    disk->partition = (uint32_t)partition;
    if (image != NULL) {
        disk->image.line = line;
        disk->image.path = required_attribute(system, node, "image");
        if (size_given) {
            report_error(diagnostics, line,
                         "<disk image=\"%s\"> with size: an image has the size of its file; remove size, or write "
                         "overlay=\"%s\" for memory that takes what is written",
                         image, attribute(system, node, "size"));
        }
        if (!disk->read_only && !overlay_present) {
            report_error(diagnostics, line,
                         "<disk image=\"%s\"> would be written, and images cannot be; add readonly=\"true\", or "
                         "overlay=\"64MiB\" for memory that takes what is written",
                         image);
        }
        if (disk->read_only && overlay_given) {
            report_error(diagnostics, line,
                         "<disk image=\"%s\" readonly=\"true\"> with overlay, which takes what is written; remove one",
                         image);
        }
        return;
    }
    if (!size_present) {
        report_error(diagnostics, line,
                     "<disk> has neither image nor size; add image=\"FILE\", or size=\"64MiB\" for a RAM disk");
    }
    if (overlay_given || partition_given || disk->image.is_unsigned) {
        report_error(diagnostics, line, "<disk> %s is for disks with an image; remove it, or add image=\"FILE\"",
                     overlay_given     ? "overlay"
                     : partition_given ? "partition"
                                       : "unsigned");
    }
    if (disk->read_only && size_given) {
        report_error(diagnostics, line,
                     "<disk readonly=\"true\"> on a RAM disk, which then would be empty for ever; remove readonly");
    }
}

static void parse_serial(struct system *system, xmlNodePtr node, struct vm_device *device, struct disk_device *disk)
{
    disk->serial = attribute(system, node, "serial");
    if (disk->serial == NULL) {
        disk->serial = arena_format(&system->arena, "%.20s", device->name);
        return;
    }
    bool printable = disk->serial[0] != '\0';
    for (const char *c = disk->serial; *c != '\0'; c++) {
        printable = printable && *c > 0x20 && *c < 0x7f;
    }
    if (!printable || strlen(disk->serial) > SERIAL_LENGTH) {
        report_error(&system->diagnostics, device->line,
                     "<disk> serial=\"%s\" is no serial number; use 1 to %u printable ASCII characters without spaces",
                     disk->serial, SERIAL_LENGTH);
        disk->serial = "";
    }
}

static void parse_limits(struct system *system, xmlNodePtr node, struct disk_device *disk)
{
    number_attribute(system, node, "iops", 1, 1000000000u, &disk->requests_per_second);
    if (size_attribute(system, node, "bandwidth", &disk->bytes_per_second) &&
        (disk->bytes_per_second < DISK_ALIGNMENT || disk->bytes_per_second > DISK_SIZE_MAX)) {
        report_error(&system->diagnostics, element_line(node),
                     "<disk> bandwidth=\"%s\" is out of range; give 4 KiB to 1 TiB a second, or leave it out for no "
                     "limit",
                     attribute(system, node, "bandwidth"));
    }
}

static void parse_block_size(struct system *system, xmlNodePtr node, struct disk_device *disk)
{
    uint64_t size = 512;
    if (size_attribute(system, node, "block_size", &size) &&
        (size < 512 || size > DISK_ALIGNMENT || (size & (size - 1)) != 0)) {
        report_error(&system->diagnostics, element_line(node),
                     "<disk> block_size=\"%s\" is no block size; use 512, 1024, 2048 or 4096",
                     attribute(system, node, "block_size"));
        size = 512;
    }
    disk->block_size = (uint32_t)size;
}

static void parse_disk(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_device *device)
{
    struct disk_device *disk = ARENA_NEW(&system->arena, struct disk_device);
    device->details = disk;
    check_empty(system, node);
    parse_medium(system, node, device, disk);
    parse_serial(system, node, device, disk);
    parse_limits(system, node, disk);
    parse_block_size(system, node, disk);
    choice_attribute(system, node, "cache", "writeback", "writethrough", &disk->write_through);
    uint64_t queues = vm->vcpu_count < DISK_QUEUES_DEFAULT ? vm->vcpu_count : DISK_QUEUES_DEFAULT;
    number_attribute(system, node, "queues", 1, DISK_QUEUES_MAX, &queues);
    device->queues = (uint32_t)queues;
}

static void expand(struct device_expansion *expansion, const struct vm_device *device, struct vm_device_config *config)
{
    struct disk_device *disk = device->details;
    read_guest_image(expansion->system, expansion->vm, "disk", &disk->image);
    config->flags = (disk->read_only ? VM_BLOCK_READ_ONLY : 0u) | (disk->write_through ? VM_BLOCK_WRITE_THROUGH : 0u);
    config->block.logical_block_size = disk->block_size;
    memcpy(config->block.serial, disk->serial, strnlen(disk->serial, sizeof(config->block.serial)));
    add_storage_client(expansion, device, disk, &config->block.client);
}

static const char *const attributes[] = {"name",   "bus",      "image",     "size",    "overlay",   "readonly",
                                         "serial", "queues",   "partition", "iops",    "bandwidth", "block_size",
                                         "cache",  "unsigned", "hotplug",   "plugged", NULL};

const struct vm_device_type disk_device_type = {
    .element = "disk",
    .kind = VM_DEVICE_BLOCK,
    .workspace = VM_WORKSPACE_BLOCK,
    .attributes = attributes,
    .parse = parse_disk,
    .expand = expand,
};
