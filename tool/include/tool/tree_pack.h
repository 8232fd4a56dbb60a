/* SPDX-License-Identifier: BSD-2-Clause */
/* Packs a directory of the host into one piece, <skyscope/tree.h>. */
#pragma once

#include <stdint.h>
#include <tool/arena.h>
#include <tool/file.h>

/* Packs `directory` and all below it: files, directories, symbolic links. The same files give the same bytes: names are
 * sorted, everything belongs to user and group 0, and was modified at `epoch` (seconds since 1970). NULL: *reason says
 * what is wrong with which file. name: of the blob. */
struct blob *tree_pack(struct arena *arena, const char *directory, uint64_t epoch, const char *name,
                       const char **reason);
