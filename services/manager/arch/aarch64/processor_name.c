/* SPDX-License-Identifier: BSD-2-Clause */
#include "processor_name.h"

#include <stddef.h>

/* Implementer and part number; the other fields are variant, architecture and revision. */
#define MODEL(implementer, part) ((uint32_t)(implementer) << 24 | (uint32_t)(part) << 4)
#define MODEL_MASK               MODEL(0xff, 0xfff)

#define ARM       0x41
#define CAVIUM    0x43
#define FUJITSU   0x46
#define NVIDIA    0x4e
#define AMPERE    0xc0
#define APPLE     0x61
#define QUALCOMM  0x51
#define HISILICON 0x48

static const struct {
    uint32_t model;
    const char *name;
} processors[] = {
    {MODEL(ARM, 0xd02), "Cortex-A34"},
    {MODEL(ARM, 0xd03), "Cortex-A53"},
    {MODEL(ARM, 0xd04), "Cortex-A35"},
    {MODEL(ARM, 0xd05), "Cortex-A55"},
    {MODEL(ARM, 0xd06), "Cortex-A65"},
    {MODEL(ARM, 0xd07), "Cortex-A57"},
    {MODEL(ARM, 0xd08), "Cortex-A72"},
    {MODEL(ARM, 0xd09), "Cortex-A73"},
    {MODEL(ARM, 0xd0a), "Cortex-A75"},
    {MODEL(ARM, 0xd0b), "Cortex-A76"},
    {MODEL(ARM, 0xd0c), "Neoverse N1"},
    {MODEL(ARM, 0xd0d), "Cortex-A77"},
    {MODEL(ARM, 0xd0e), "Cortex-A76AE"},
    {MODEL(ARM, 0xd40), "Neoverse V1"},
    {MODEL(ARM, 0xd41), "Cortex-A78"},
    {MODEL(ARM, 0xd42), "Cortex-A78AE"},
    {MODEL(ARM, 0xd44), "Cortex-X1"},
    {MODEL(ARM, 0xd46), "Cortex-A510"},
    {MODEL(ARM, 0xd47), "Cortex-A710"},
    {MODEL(ARM, 0xd48), "Cortex-X2"},
    {MODEL(ARM, 0xd49), "Neoverse N2"},
    {MODEL(ARM, 0xd4a), "Neoverse E1"},
    {MODEL(ARM, 0xd4b), "Cortex-A78C"},
    {MODEL(ARM, 0xd4d), "Cortex-A715"},
    {MODEL(ARM, 0xd4e), "Cortex-X3"},
    {MODEL(ARM, 0xd4f), "Neoverse V2"},
    {MODEL(ARM, 0xd80), "Cortex-A520"},
    {MODEL(ARM, 0xd81), "Cortex-A720"},
    {MODEL(ARM, 0xd82), "Cortex-X4"},
    {MODEL(ARM, 0xd84), "Neoverse V3"},
    {MODEL(CAVIUM, 0x0a1), "ThunderX"},
    {MODEL(CAVIUM, 0x0af), "ThunderX2"},
    {MODEL(FUJITSU, 0x001), "A64FX"},
    {MODEL(HISILICON, 0xd01), "TaiShan v110"},
    {MODEL(NVIDIA, 0x004), "Carmel"},
    {MODEL(QUALCOMM, 0xc00), "Falkor"},
    {MODEL(AMPERE, 0xac3), "Ampere-1"},
    {MODEL(AMPERE, 0xac4), "Ampere-1a"},
    /* What QEMU calls "max". */
    {MODEL(0, 0x051), "QEMU's processor with all features"},
};

const char *processor_implementer(uint32_t midr)
{
    switch (midr >> 24) {
    case 0:
        return "software";
    case ARM:
        return "Arm";
    case CAVIUM:
        return "Cavium";
    case FUJITSU:
        return "Fujitsu";
    case HISILICON:
        return "HiSilicon";
    case NVIDIA:
        return "NVIDIA";
    case QUALCOMM:
        return "Qualcomm";
    case APPLE:
        return "Apple";
    case AMPERE:
        return "Ampere";
    default:
        return "implementer unknown";
    }
}

const char *processor_name(uint32_t midr)
{
    for (size_t i = 0; i < sizeof(processors) / sizeof(processors[0]); i++) {
        if (processors[i].model == (midr & MODEL_MASK)) {
            return processors[i].name;
        }
    }
    return NULL;
}
