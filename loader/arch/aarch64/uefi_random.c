/* SPDX-License-Identifier: BSD-2-Clause */
/* UEFI's random numbers (UEFI 2.10, section 37.5). */
#include <loader_arch/uefi.h>

#include <crypto/wipe.h>

static const struct uefi_guid rng_protocol = {
    0x3152bca5, 0xeade, 0x433d, {0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44}};

struct uefi_rng {
    void *get_info;
    uefi_status (*get_rng)(struct uefi_rng *self, const struct uefi_guid *algorithm, uint64_t size, uint8_t *bytes);
};

uint32_t uefi_random(const struct uefi *uefi, uint8_t *bytes, uint32_t size)
{
    struct uefi_rng *rng = NULL;
    if (uefi->boot->locate_protocol(&rng_protocol, NULL, (void **)&rng) != UEFI_SUCCESS || rng == NULL) {
        return 0;
    }
    /* By the algorithm that the firmware prefers. */
    if (rng->get_rng(rng, NULL, size, bytes) != UEFI_SUCCESS) {
        secret_wipe(bytes, size);
        return 0;
    }
    return size;
}
