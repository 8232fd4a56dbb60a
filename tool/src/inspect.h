/* SPDX-License-Identifier: BSD-2-Clause */
/* Listings of a payload. */
#pragma once

#include <stdio.h>
#include <tool/json.h>
#include <tool/key_file.h>
#include <tool/payload_reader.h>

/* development: its keys are known to be development keys. */
void inspect_text(struct arena *arena, const struct payload_view *view, bool development, FILE *to);
void inspect_json(struct arena *arena, const struct payload_view *view, bool development, FILE *to);

void inspect_trust_text(const struct trust_anchor *anchor, FILE *to);
void inspect_trust_json(const struct trust_anchor *anchor, FILE *to);
void inspect_key_text(struct arena *arena, const struct key_file *key, FILE *to);
void inspect_key_json(struct arena *arena, const struct key_file *key, FILE *to);
void inspect_operator_text(uint32_t suite, const uint8_t *public_key, FILE *to);
void inspect_operator_json(uint32_t suite, const uint8_t *public_key, FILE *to);
/* A line that says when something was created; seconds since 1970, 0: not recorded. */
void print_creation_time(uint64_t seconds, FILE *to);
/* An object with algorithm and key id. */
void write_key_id(struct json *json, const char *name, uint32_t algorithm, const uint8_t id[SIGNATURE_KEY_ID_SIZE]);
void write_trust_key(struct json *json, const char *name, const struct trust_key *key);

/* Names of enum values; "?" for unknown ones. */
const char *irq_kind_name(uint32_t kind);
/* Name of a place that is known only at boot, NULL if it is none. */
const char *plan_place_name(uint64_t physical_address);
const char *role_name(uint32_t role);
const char *region_kind_name(uint32_t kind);
/* "rwxu" with '-' for what is not set. */
const char *map_flags(char text[5], uint32_t flags);
