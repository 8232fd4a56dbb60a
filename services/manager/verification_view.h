/* SPDX-License-Identifier: BSD-2-Clause */
/* Who vouched for the system that runs, as text. */
#pragma once

#include <skyscope/boot_info.h>

#include "text_output.h"

/* For the banner: version, keys; what a person must see (DEVELOPMENT KEY, UNSIGNED). */
void show_verification_summary(struct text_output *out, const struct hardware_info *hardware);
/* All of it, with whole key ids. */
void show_verification(struct text_output *out, const struct hardware_info *hardware);
