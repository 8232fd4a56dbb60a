/* SPDX-License-Identifier: BSD-2-Clause */
/* Key files on the disk: never overwritten, never half, never readable by others. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tool/key_directory.h>
#include <unistd.h>

static const char *error_text(struct arena *arena, const char *what, const char *path)
{
    return arena_format(arena, "%s '%s': %s", what, path, strerror(errno));
}

/* A new name is on the disk only when its directory is. */
static bool sync_directory_of(struct arena *arena, const char *path)
{
    int fd = open(directory_of(arena, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems cannot sync directories (EINVAL); more cannot be done there. */
    bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

bool key_storage_create(struct arena *arena, const char *path, unsigned int mode, const void *data, size_t size,
                        const char **reason)
{
    const uint8_t *from = data;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        *reason = errno == EEXIST ? arena_format(arena, "'%s' exists already and is not overwritten", path)
                                  : error_text(arena, "cannot create", path);
        return false;
    }
    bool good = fchmod(fd, (mode_t)mode) == 0;
    while (good && size > 0) {
        ssize_t done = write(fd, from, size);
        if (done > 0) {
            from += done;
            size -= (size_t)done;
        } else if (done == 0 || errno != EINTR) {
            good = false;
        }
    }
    good = good && fsync(fd) == 0 && sync_directory_of(arena, path);
    if (!good) {
        *reason = error_text(arena, "cannot write", path);
        unlink(path);
    }
    close(fd);
    return good;
}

bool key_storage_rename(struct arena *arena, const char *from, const char *to, bool replace, const char **reason)
{
    int failed = renameat2(AT_FDCWD, from, AT_FDCWD, to, replace ? 0 : RENAME_NOREPLACE);
    if (failed != 0 && errno == EINVAL && !replace) {
        /* A file system that knows only the older call. Nobody else writes here. */
        if (key_storage_exists(to)) {
            errno = EEXIST;
        } else {
            failed = rename(from, to);
        }
    }
    if (failed != 0) {
        *reason = arena_format(arena, "cannot rename '%s' to '%s': %s", from, to, strerror(errno));
        return false;
    }
    if (!sync_directory_of(arena, to)) {
        *reason = error_text(arena, "cannot write the directory of", to);
        return false;
    }
    return true;
}

bool key_storage_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

struct blob *key_file_read(struct arena *arena, const char *path, struct key_file *key, const char **reason)
{
    struct stat status;
    struct blob *blob = NULL;
    const char *why = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        why = strerror(errno);
    } else if (!S_ISREG(status.st_mode)) {
        why = "it is not a regular file";
    } else if ((status.st_mode & 077) != 0) {
        why = arena_format(arena,
                           "others than its owner can use it (mode %03o); forbid it: chmod 600 %s (a medium without "
                           "modes, such as FAT: mount it with the option umask=077)",
                           (unsigned int)status.st_mode & 0777, path);
    } else if ((blob = read_file(arena, path, KEY_FILE_MAX_SIZE, &why)) != NULL) {
        why = key_file_parse(blob->data, blob->size, key);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (why != NULL) {
        *reason = arena_format(arena, "key file '%s' cannot be used: %s", path, why);
        return NULL;
    }
    return blob;
}

bool trust_file_read(struct arena *arena, const char *path, struct trust_file *trust, const char **reason)
{
    const char *why = NULL;
    trust->blob = read_file(arena, path, TRUST_MAX_SIZE, &why);
    if (trust->blob != NULL) {
        why = trust_anchor_parse(trust->blob->data, trust->blob->size, &trust->anchor);
    }
    if (why != NULL) {
        *reason = arena_format(arena, "trust anchor '%s' cannot be used: %s", path, why);
        return false;
    }
    return true;
}

struct blob *trust_file_make(struct arena *arena, const struct trust_anchor *anchor, const char **reason)
{
    struct blob *blob = ARENA_NEW(arena, struct blob);
    blob->data = arena_allocate(arena, TRUST_MAX_SIZE);
    blob->size = trust_anchor_write(anchor, blob->data, TRUST_MAX_SIZE);
    if (blob->size == 0) {
        *reason = "the trust anchor cannot be written: a field is out of range";
        return NULL;
    }
    return blob;
}
