/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../kernel_features.h"

#include <skyscope/kernel_info.h>

const struct kernel_feature_name kernel_features[] = {
    {KERNEL_FEATURE_SVM, "SVM"},
    {KERNEL_FEATURE_VMX, "VT-x"},
    {KERNEL_FEATURE_X2APIC, "x2APIC"},
    {KERNEL_FEATURE_TSC_DEADLINE, "TSC-deadline"},
    {KERNEL_FEATURE_SMEP, "SMEP"},
    {KERNEL_FEATURE_SMAP, "SMAP"},
    {KERNEL_FEATURE_UMIP, "UMIP"},
    {KERNEL_FEATURE_NX, "NX"},
    {KERNEL_FEATURE_IBPB, "IBPB"},
    {KERNEL_FEATURE_STIBP, "STIBP"},
    {KERNEL_FEATURE_VERW, "VERW"},
    {KERNEL_FEATURE_L1D_FLUSH, "L1D-flush"},
    {KERNEL_FEATURE_NRIP_SAVE, "NRIP-save"},
    {KERNEL_FEATURE_DECODE_ASSISTS, "decode-assists"},
    {KERNEL_FEATURE_FLUSH_BY_ASID, "flush-by-ASID"},
    {KERNEL_FEATURE_XSAVE, "XSAVE"},
    {KERNEL_FEATURE_PCID, "PCID"},
};
const size_t kernel_feature_count = sizeof(kernel_features) / sizeof(kernel_features[0]);
