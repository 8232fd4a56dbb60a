/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's functions for virtual CPUs, caches and secure monitor calls are not offered:
 * virtual CPUs are run as <skyscope.h> says. */
#pragma once
