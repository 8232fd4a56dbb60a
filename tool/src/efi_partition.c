/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <sys/stat.h>
#include <tool/boot_image.h>
#include <tool/command.h>
#include <unistd.h>

#define SLACK         0x20000u /* bytes for FAT's tables and directories */
#define GRANULARITY   0x10000u
/* FAT32 has at least 65525 clusters: of 512 bytes, that is 32 MiB. */
#define FAT32_MINIMUM 0x2800000u

static bool create_empty(const char *path, uint64_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && ftruncate(fd, (off_t)size) == 0;
    if (fd >= 0 && close(fd) != 0) {
        ok = false;
    }
    if (!ok) {
        failure("'%s' cannot be written; is there space for %llu KiB?", path, (unsigned long long)(size >> 10));
    }
    return ok;
}

bool efi_partition_make(struct arena *arena, const struct boot_tools *tools, const struct boot_images *images,
                        uint64_t size, const char *path)
{
    struct stat status;
    if (stat(images->efi, &status) != 0) {
        failure("'%s' cannot be read", images->efi);
        return false;
    }
    if (size == 0) {
        size = ((uint64_t)status.st_size + SLACK + GRANULARITY - 1) / GRANULARITY * GRANULARITY;
    }
    /* A fixed serial number, for it would be a random one. */
    return create_empty(path, size) &&
           (size >= FAT32_MINIMUM
                ? BOOT_TOOL_RUN(arena, tools, "mformat", "-i", path, "-F", "-c", "1", "-N", "534b5945", "-v", "EFI",
                                "::")
                : BOOT_TOOL_RUN(arena, tools, "mformat", "-i", path, "-N", "534b5945", "-v", "EFI", "::")) &&
           BOOT_TOOL_RUN(arena, tools, "mmd", "-i", path, "::/EFI", "::/EFI/BOOT") &&
           BOOT_TOOL_RUN(arena, tools, "mcopy", "-i", path, images->efi,
                         arena_format(arena, "::/EFI/BOOT/%s", images->target->boot.efi_name));
}
