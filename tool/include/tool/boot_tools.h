/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs of other packages that make bootable images, run so that the same input gives the same bytes. */
#pragma once

#include <stdbool.h>
#include <tool/arena.h>

struct target;

/* What is the date of everything on an image, in the forms that programs want: 1980-01-01, FAT's first day. A
 * medium says nothing by its dates; the manifest has the time of creation. */
#define BOOT_IMAGE_EPOCH      "315532800"
#define BOOT_IMAGE_EPOCH_DATE "1980010100000000"

struct boot_tools {
    const char *directory; /* for temporary files */
    bool verbose;          /* show commands and what they print */
};

/* Whether everything that makes boot images for this machine is installed; reports what is not, and the package that
 * has it. signing: sbsign too. */
bool boot_tools_present(struct arena *arena, const struct target *target, bool signing);

/* Runs words[0] to words[count - 1] with a fixed time zone, date and locale, and without the user's settings.
 * False: it failed, which was reported together with what it printed. */
bool boot_tool_run(struct arena *arena, const struct boot_tools *tools, const char *const *words, size_t count);
#define BOOT_TOOL_RUN(arena, tools, ...)                                                                               \
    boot_tool_run((arena), (tools), (const char *const[]){__VA_ARGS__},                                                \
                  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
