/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <tool/disk.h>
#include <unistd.h>

#define PIECE 0x10000u

bool disk_read(int disk, uint64_t offset, void *data, size_t size)
{
    uint8_t *to = data;
    while (size > 0) {
        ssize_t got = pread(disk, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

bool disk_write(int disk, uint64_t offset, const void *data, size_t size)
{
    const uint8_t *from = data;
    while (size > 0) {
        ssize_t done = pwrite(disk, from, size, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        from += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return true;
}

static bool is_zero(const uint8_t *data, size_t size)
{
    return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static bool copy_pieces(int disk, uint64_t offset, int file, uint64_t size)
{
    uint8_t piece[PIECE];
    for (uint64_t done = 0; done < size; done += PIECE) {
        size_t part = size - done < PIECE ? (size_t)(size - done) : PIECE;
        if (!disk_read(file, done, piece, part) ||
            (!is_zero(piece, part) && !disk_write(disk, offset + done, piece, part))) {
            return false;
        }
    }
    return true;
}

bool disk_copy_file(struct arena *arena, int disk, uint64_t offset, uint64_t room, const char *path, uint64_t *size,
                    const char **reason)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = file >= 0 && fstat(file, &status) == 0;
    *size = ok ? (uint64_t)status.st_size : 0;
    if (*size > room) {
        *reason = arena_format(arena, "'%s' has %llu KiB and its place on the disk %llu KiB", path,
                               (unsigned long long)((*size + 1023) >> 10), (unsigned long long)(room >> 10));
        close(file);
        return false;
    }
    errno = 0;
    if (!ok || !copy_pieces(disk, offset, file, *size)) {
        *reason = arena_copy_string(arena, errno == 0 ? "a file ended early" : strerror(errno));
        ok = false;
    }
    if (file >= 0) {
        close(file);
    }
    return ok;
}
