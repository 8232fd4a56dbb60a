/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tool/file.h>
#include <unistd.h>

static bool read_all(int fd, uint8_t *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, data + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

struct blob *read_file(struct arena *arena, const char *path, uint64_t size_limit, const char **reason)
{
    struct blob *blob = NULL;
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        *reason = arena_copy_string(arena, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        *reason = "it is not a regular file";
    } else if ((uint64_t)status.st_size > size_limit) {
        *reason = arena_format(arena, "it is larger than %llu MiB", (unsigned long long)(size_limit >> 20));
    } else {
        size_t size = (size_t)status.st_size;
        uint8_t *data = arena_allocate(arena, size + 1);
        if (!read_all(fd, data, size)) {
            *reason = "it changed or failed while it was read";
        } else {
            blob = ARENA_NEW(arena, struct blob);
            blob->data = data;
            blob->size = size;
            blob->path = arena_copy_string(arena, path);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return blob;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        data += done;
        size -= (size_t)done;
    }
    return true;
}

bool is_special_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static bool write_special_file(struct arena *arena, const char *path, const void *data, size_t size,
                               const char **reason)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write_all(fd, data, size);
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (!ok) {
        *reason = arena_copy_string(arena, strerror(error));
    }
    return ok;
}

bool write_file(struct arena *arena, const char *path, const void *data, size_t size, const char **reason)
{
    if (is_special_file(path)) {
        return write_special_file(arena, path, data, size, reason);
    }
    char *temporary = arena_format(arena, "%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        *reason = arena_copy_string(arena, strerror(errno));
        return false;
    }
    bool ok = write_all(fd, data, size) && fchmod(fd, 0644) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = false;
        error = errno;
    }
    if (!ok) {
        unlink(temporary);
        *reason = arena_copy_string(arena, strerror(error));
    }
    return ok;
}

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

const char *directory_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ".";
    }
    if (slash == path) {
        return "/";
    }
    return arena_format(arena, "%.*s", (int)(slash - path), path);
}

const char *replace_extension(struct arena *arena, const char *path, const char *extension)
{
    const char *base = base_name(path);
    const char *dot = strrchr(base, '.');
    size_t length = dot != NULL && dot != base ? (size_t)(dot - path) : strlen(path);
    return arena_format(arena, "%.*s%s", (int)length, path, extension);
}

bool is_regular_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool make_directories(struct arena *arena, const char *path, const char **reason)
{
    char *copy = arena_copy_string(arena, path);
    for (char *c = copy + 1;; c++) {
        if (*c != '/' && *c != '\0') {
            continue;
        }
        char end = *c;
        *c = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            *reason = arena_copy_string(arena, strerror(errno));
            return false;
        }
        *c = end;
        if (end == '\0') {
            return true;
        }
    }
}

const char *find_file(struct arena *arena, const struct list *directories, const char *name)
{
    if (name[0] == '/') {
        return is_regular_file(name) ? arena_copy_string(arena, name) : NULL;
    }
    for (size_t i = 0; i < directories->count; i++) {
        const char *path = arena_format(arena, "%s/%s", (const char *)directories->items[i], name);
        if (is_regular_file(path)) {
            return path;
        }
    }
    return NULL;
}

const char *installation_directory(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (length <= 0) {
        return ".";
    }
    path[length] = '\0';
    const char *parent = directory_of(arena, directory_of(arena, path));
    const char *installed = arena_format(arena, "%s/lib/skyscope", parent);
    return is_regular_file(arena_format(arena, "%s/kernel.elf", installed)) ? installed : parent;
}
