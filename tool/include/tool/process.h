/* SPDX-License-Identifier: BSD-2-Clause */
/* Other programs that the tool runs. */
#pragma once

#include <stdbool.h>
#include <tool/arena.h>

/* Path of a program on PATH, NULL if there is none. */
const char *find_program(struct arena *arena, const char *name);
/* The arguments as one line that a shell would take. */
const char *command_line(struct arena *arena, const struct list *arguments);
/* Runs arguments[0] (found on PATH) and waits. Its output goes to `log`, a file, unless that is
 * NULL. Returns its exit status; 127 if it cannot be started, 128 + n if signal n ended it. */
int run_program(struct arena *arena, const struct list *arguments, const char *log);
/* Becomes the program. Returns only if that fails. */
void become_program(struct arena *arena, const struct list *arguments);
/* A new directory for temporary files; NULL: *reason says why not. */
const char *temporary_directory(struct arena *arena, const char **reason);
/* Removes a directory and everything in it. */
void remove_tree(const char *path);
