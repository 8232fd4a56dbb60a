/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <skyscope/log_ring.h>

#include "text_output.h"

/* Shows the last `lines` lines of a log. region_size: bytes of the region that the
 * ring lies in; the ring's own word for it is believed only if it fits. */
void show_log(struct text_output *out, const struct log_ring *ring, uint64_t region_size, uint32_t lines);
/* Shows all that is in it. */
void show_whole_log(struct text_output *out, const struct log_ring *ring, uint64_t region_size);
