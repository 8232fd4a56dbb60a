/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a frame goes. */
#pragma once

#include "switch.h"

/* Forwards s->frame, which came from port `from`. Returns what that cost, as deliver_frame() does. */
uint64_t forward_frame(struct ethernet_switch *s, uint32_t from, uint64_t now);
