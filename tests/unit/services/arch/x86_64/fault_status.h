/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* A page-fault error code: write in user mode. */
#define WRITE_FAULT_STATUS 6
