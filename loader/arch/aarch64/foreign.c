/* SPDX-License-Identifier: BSD-2-Clause */
/* Another kernel's entry: what the arm64 boot protocol asks for, or less. */
#include <loader/machine.h>

const bool foreign_supported = true;

#define SCTLR_ENABLES 0x1005u /* SCTLR_EL2: MMU, data and instruction caches */

void foreign_enter(uint64_t entry, const struct hardware_info *hardware)
{
    uint64_t device_tree = hardware->arch.device_tree.address;
    /* This code and its stack are read past the caches from here on. */
    caches_clean(loader_image_start(), loader_image_end() - loader_image_start());
    register uint64_t target __asm__("x4") = entry;
    register uint64_t argument __asm__("x0") = device_tree;
    __asm__ volatile("msr daifset, #0xf\n"
                     "mrs x5, sctlr_el2\n"
                     "bic x5, x5, %2\n"
                     "dsb sy\n"
                     "msr sctlr_el2, x5\n"
                     "isb\n"
                     "tlbi alle2\n"
                     "ic iallu\n"
                     "dsb sy\n"
                     "isb\n"
                     "mov x1, xzr\n"
                     "mov x2, xzr\n"
                     "mov x3, xzr\n"
                     "br %0\n"
                     :
                     : "r"(target), "r"(argument), "r"((uint64_t)SCTLR_ENABLES)
                     : "x1", "x2", "x3", "x5", "memory");
    __builtin_unreachable();
}
