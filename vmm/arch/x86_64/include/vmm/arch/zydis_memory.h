/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Included before each of Zydis' sources. Without a C library, Zycore clears and
 * copies byte by byte through volatile pointers, which is most of the time that
 * it takes to decode an instruction: give it our functions.
 */
#pragma once

#include <Zycore/LibC.h>
#include <base/memory.h>

#define ZYAN_MEMSET(to, byte, size) memset((to), (byte), (size))
#define ZYAN_MEMCPY(to, from, size) memcpy((to), (from), (size))
