/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../kernel_features.h"

#include <skyscope/kernel_info.h>

const struct kernel_feature_name kernel_features[] = {
    {KERNEL_FEATURE_EL2, "EL2"}, {KERNEL_FEATURE_NX, "WXN"},    {KERNEL_FEATURE_GICV3, "GICv3"},
    {KERNEL_FEATURE_ITS, "ITS"}, {KERNEL_FEATURE_SMMU, "SMMU"}, {KERNEL_FEATURE_SVE, "SVE"},
    {KERNEL_FEATURE_RAS, "RAS"}, {KERNEL_FEATURE_SSBS, "SSBS"}, {KERNEL_FEATURE_BRANCH_WORKAROUND, "branch-workaround"},
    {KERNEL_FEATURE_RNG, "RNG"},
};
const size_t kernel_feature_count = sizeof(kernel_features) / sizeof(kernel_features[0]);
