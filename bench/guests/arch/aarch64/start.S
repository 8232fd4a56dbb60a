/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../../../guests/bare/arch/aarch64/entry.S"
