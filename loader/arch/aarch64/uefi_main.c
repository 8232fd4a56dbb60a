/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
uint64_t uefi_main(void *handle, void *system);
uint64_t uefi_main(void *handle, void *system)
{
    (void)handle;
    (void)system;
    return 1;
}
