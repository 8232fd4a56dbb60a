/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../src/sha512_lanes.h"

/* Four messages at once need vectors of 256 bits, which no program here may use. */
bool sha512_lanes_usable(void)
{
    return false;
}
