/* SPDX-License-Identifier: BSD-2-Clause */
/* The loader, an ELF file or (AArch64) an image: the place in it for a trust anchor. */
#pragma once

#include <stdbool.h>
#include <tool/arena.h>
#include <tool/file.h>

/* Whether these bytes begin as an AArch64 loader or Linux kernel does. */
bool loader_is_image(const struct blob *loader);

/* Bytes of the file between the loader's symbols trust_anchor_start and trust_anchor_end; in an image, behind the
 * mark. */
struct anchor_place {
    size_t offset, capacity;
};

/* Returns NULL, or why the file is no loader with such a place. */
const char *loader_find_anchor(struct arena *arena, const struct blob *loader, struct anchor_place *place);
/* Writes the anchor's bytes into the loader and zeros behind them. Returns NULL, or what is wrong. */
const char *loader_set_anchor(struct arena *arena, struct blob *loader, const struct blob *anchor);

/* In front of the loader's place for a trust anchor. */
#define LOADER_ANCHOR_MARK "SKYSCOPE-TRUST->"

/* The trust anchor of a loader that lies somewhere in these bytes, uncompressed: a loader's file, or an image that
 * has it inside. NULL: *reason says why there is none. */
struct blob *loader_scan_anchor(struct arena *arena, const struct blob *bytes, const char **reason);
