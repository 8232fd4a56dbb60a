/* SPDX-License-Identifier: BSD-2-Clause */
/* The disks of VMs, as the storage service counts. */
#pragma once

#include "manager.h"

void show_disks(struct manager *manager);
