/* SPDX-License-Identifier: BSD-2-Clause */
/* Text on VGA's text screen or on a frame buffer. */
#pragma once

#include <loader/boot_source.h>

/* Takes the screen into use if there is one that can be written to. */
void screen_start(const struct boot_source *source);
/* One character; '\n' starts a new line. Does nothing without a screen. */
void screen_put(char c);
