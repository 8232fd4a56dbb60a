/* SPDX-License-Identifier: BSD-2-Clause */
/* Letters of 5 by 7 pixels, for frame buffers. */
#pragma once

#include <stdint.h>

#define FONT_FIRST   32u
#define FONT_GLYPHS  95u
#define FONT_ROWS    7u
#define FONT_COLUMNS 5u

extern const uint8_t font_glyphs[FONT_GLYPHS][FONT_ROWS];
