/* SPDX-License-Identifier: BSD-2-Clause */
#include "iso_files.h"
#include <sys/stat.h>
#include <tool/process.h>
#include <unistd.h>

static struct blob *extract(struct arena *arena, const char *image, const char *path, const char *directory,
                            const char **reason)
{
    const char *output = arena_format(arena, "%s/file", directory);
    /* stdio: takes any name as that of a file or device, and never as a drive to write to. */
    const char *words[] = {"xorriso",         "-no_rc", "-abort_on", "FAILURE",
                           "-osirrox",        "on",     "-indev",    arena_format(arena, "stdio:%s", image),
                           "-extract_single", path,     output};
    struct list arguments = {0};
    struct stat status;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        list_append(arena, &arguments, arena_copy_string(arena, words[i]));
    }
    int result = run_program(arena, &arguments, arena_format(arena, "%s/log", directory));
    if (result == 127) {
        *reason = "program 'xorriso' is missing; install the package xorriso (apt install xorriso)";
        return NULL;
    }
    /* A link in the image would lead to a file of this machine. */
    if (lstat(output, &status) != 0 || !S_ISREG(status.st_mode)) {
        *reason = arena_format(arena, "it has no file %s; give an image that 'skyscope iso' made", path);
        return NULL;
    }
    if (result != 0) {
        *reason = arena_format(arena, "its file %s cannot be read; the image is damaged or cut off", path);
        return NULL;
    }
    chmod(output, 0600);
    return read_file(arena, output, FILE_MAX_SIZE, reason);
}

struct blob *iso_read_file(struct arena *arena, const char *image, const char *path, const char **reason)
{
    const char *directory = temporary_directory(arena, reason);
    if (directory == NULL) {
        return NULL;
    }
    struct blob *blob = extract(arena, image, path, directory, reason);
    remove_tree(directory);
    return blob;
}
