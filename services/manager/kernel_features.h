/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the features that a kernel of this architecture may use (arch/ARCH/kernel_features.c). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct kernel_feature_name {
    uint64_t bit; /* of enum kernel_feature */
    const char *name;
};

extern const struct kernel_feature_name kernel_features[];
extern const size_t kernel_feature_count;
