/* SPDX-License-Identifier: BSD-2-Clause */
/* The arm64 boot protocol as a kernel sees it. */
#include "../../foreign.h"

#include <stddef.h>

#define UART 0x9000000u /* of QEMU's virt */

/* Kept by foreign_entry. */
extern struct {
    uint64_t x0, x1, x2, x3, level, daif, sctlr;
} foreign_found;

void foreign_put(char c)
{
    while ((*(volatile uint32_t *)(uintptr_t)(UART + 0x18) & 0x20) != 0) {
    }
    *(volatile uint32_t *)(uintptr_t)UART = (uint8_t)c;
}

void foreign_check_entry(void)
{
    print("x0 0x%llx level %llu daif %llx sctlr %llx", (unsigned long long)foreign_found.x0,
          (unsigned long long)foreign_found.level >> 2, (unsigned long long)foreign_found.daif,
          (unsigned long long)foreign_found.sctlr);
    check(foreign_found.x1 == 0 && foreign_found.x2 == 0 && foreign_found.x3 == 0, "X1 to X3 are zero");
    check(foreign_found.level == 2 << 2, "EL2");
    check((foreign_found.daif & 0x3c0) == 0x3c0, "exceptions are masked");
    check((foreign_found.sctlr & 0x1005) == 0, "MMU and caches are off");
}

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void foreign_report(void)
{
    const uint8_t *tree = (const uint8_t *)(uintptr_t)foreign_found.x0;
    bool is_tree = foreign_found.x0 % 8 == 0 && tree != NULL && big_endian(tree) == 0xd00dfeed;
    check(is_tree, "X0 is the device tree");
    if (!is_tree) {
        return;
    }
    print("device tree of %u bytes, sum %016llx", big_endian(tree + 4),
          (unsigned long long)foreign_sum(tree, big_endian(tree + 4)));
}
