/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: read whole, written whole, found on a search path. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tool/arena.h>

/* The content of a file, or bytes that the tool made itself. */
struct blob {
    uint8_t *data;
    size_t size;
    const char *path; /* where it was found, or a name for made bytes */
    bool generated;
    struct blob *packed; /* the same packed, once it was (pack_image.c) */
};

/* Largest file that the tool reads. */
#define FILE_MAX_SIZE 0x100000000ull

/* NULL: *reason says why (from the arena). An empty file is a blob of size 0. */
struct blob *read_file(struct arena *arena, const char *path, uint64_t size_limit, const char **reason);

/* Writes the file beside its final place, then renames: never leaves half a file. A device
 * or pipe (/dev/stdout) is written to as it is. False: *reason says why. */
bool write_file(struct arena *arena, const char *path, const void *data, size_t size, const char **reason);

/* Absolute path of the directory that holds `path` ("/" included nowhere at its end). */
const char *directory_of(struct arena *arena, const char *path);
/* Last component of `path`. */
const char *base_name(const char *path);
/* The path with what follows the last dot of its last component replaced; extension: ".iso". */
const char *replace_extension(struct arena *arena, const char *path, const char *extension);
bool is_regular_file(const char *path);
/* It exists and is a device, a pipe, a directory or the like. */
bool is_special_file(const char *path);
/* Creates the directory and its parents. False: *reason says why. */
bool make_directories(struct arena *arena, const char *path, const char **reason);

/* First of `directories` (list of char *) that holds regular file `name`: its
 * path, else NULL. An absolute name is looked up as it is. */
const char *find_file(struct arena *arena, const struct list *directories, const char *name);

/* Directory of what the build made (kernel.elf, loader.elf, programs/), seen from
 * the running executable: its parent, or ../lib/skyscope when installed. */
const char *installation_directory(struct arena *arena);
