/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a frame goes. */
#pragma once

#include "switch.h"

/* Forwards s->frame, which came from port `from`. Returns how many bytes were copied, for the sender's account. */
uint64_t forward_frame(struct ethernet_switch *s, uint32_t from, uint64_t now);
