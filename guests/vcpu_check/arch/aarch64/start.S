/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../../bare/arch/aarch64/entry.S"
