/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tool/file.h>
#include <tool/process.h>
#include <unistd.h>

const char *find_program(struct arena *arena, const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/') != NULL) {
        return access(name, X_OK) == 0 ? name : NULL;
    }
    if (path == NULL) {
        path = "/usr/bin:/bin";
    }
    while (*path != '\0') {
        size_t length = strcspn(path, ":");
        const char *candidate = arena_format(arena, "%.*s/%s", (int)length, path, name);
        if (length != 0 && is_regular_file(candidate) && access(candidate, X_OK) == 0) {
            return candidate;
        }
        path += length + (path[length] == ':');
    }
    return NULL;
}

const char *command_line(struct arena *arena, const struct list *arguments)
{
    const char *line = "";
    LIST_FOR (const char, argument, arguments) {
        bool plain = argument[0] != '\0' &&
                     argument[strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                               "-_./=,+:@%")] == '\0';
        line = arena_format(arena, "%s%s%s%s%s", line, line[0] == '\0' ? "" : " ", plain ? "" : "'", argument,
                            plain ? "" : "'");
    }
    return line;
}

static char **argument_vector(struct arena *arena, const struct list *arguments)
{
    char **vector = arena_allocate(arena, (arguments->count + 1) * sizeof(*vector));
    for (size_t i = 0; i < arguments->count; i++) {
        vector[i] = arguments->items[i];
    }
    return vector;
}

int run_program(struct arena *arena, const struct list *arguments, const char *log)
{
    char **vector = argument_vector(arena, arguments);
    pid_t child = fork();
    if (child < 0) {
        return 127;
    }
    if (child == 0) {
        if (log != NULL) {
            int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
            if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) {
                _exit(127);
            }
        }
        execvp(vector[0], vector);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return 127;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void become_program(struct arena *arena, const struct list *arguments)
{
    char **vector = argument_vector(arena, arguments);
    execvp(vector[0], vector);
}

const char *temporary_directory(struct arena *arena, const char **reason)
{
    const char *parent = getenv("TMPDIR");
    char *path = arena_format(arena, "%s/skyscope.XXXXXX", parent == NULL || parent[0] == '\0' ? "/tmp" : parent);
    if (mkdtemp(path) == NULL) {
        *reason = arena_copy_string(arena, strerror(errno));
        return NULL;
    }
    return path;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    remove(path);
    return 0;
}

void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
