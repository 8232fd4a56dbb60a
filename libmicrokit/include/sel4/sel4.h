/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of the seL4 interface that Microkit programs use. */
#pragma once

#include <sel4/config.h>
#include <sel4/constants.h>
#include <sel4/errors.h>
#include <sel4/faults.h>
#include <sel4/simple_types.h>
#include <sel4/syscalls.h>
#include <sel4/types.h>
