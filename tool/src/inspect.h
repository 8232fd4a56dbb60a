/* SPDX-License-Identifier: BSD-2-Clause */
/* Listings of a payload. */
#pragma once

#include <stdio.h>
#include <tool/payload_reader.h>

void inspect_text(struct arena *arena, const struct payload_view *view, FILE *to);
void inspect_json(struct arena *arena, const struct payload_view *view, FILE *to);

/* Names of enum values; "?" for unknown ones. */
const char *role_name(uint32_t role);
const char *region_kind_name(uint32_t kind);
/* "rwxu" with '-' for what is not set. */
const char *map_flags(char text[5], uint32_t flags);
