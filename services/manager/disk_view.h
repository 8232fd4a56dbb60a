/* SPDX-License-Identifier: BSD-2-Clause */
/* The disks of VMs, as the storage service counts. */
#pragma once

#include <skyscope/storage_counters.h>

#include "text_output.h"

void show_disks(struct text_output *out, const struct storage_counters *counters);
