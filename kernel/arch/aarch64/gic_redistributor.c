/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/gic_redistributor.h>

#define GICR_TYPER     0x0008u
#define TYPER_VLPIS    (1u << 1) /* two more frames of 64 KiB: GICv4 */
#define TYPER_LAST     (1u << 4)
#define TYPER_AFFINITY 1u /* second word: Aff3..Aff0 in a byte each */

#define FRAME_BYTES        0x10000u
#define SIZE_WITHOUT_VLPIS (2 * FRAME_BYTES)

uint64_t gic_redistributor_find(const volatile void *region, uint64_t size, uint64_t mpidr)
{
    uint32_t wanted = (uint32_t)(mpidr >> 32 & 0xff) << 24 | (uint32_t)(mpidr & 0xffffff);
    uint64_t offset = 0;

    while (size >= SIZE_WITHOUT_VLPIS && offset <= size - SIZE_WITHOUT_VLPIS) {
        const volatile uint32_t *typer =
            (const volatile uint32_t *)(const volatile void *)((const volatile char *)region + offset + GICR_TYPER);
        uint32_t low = typer[0];
        if (typer[TYPER_AFFINITY] == wanted) {
            return offset;
        }
        if ((low & TYPER_LAST) != 0) {
            break;
        }
        offset += (low & TYPER_VLPIS) != 0 ? GIC_REDISTRIBUTOR_MAX_SIZE : SIZE_WITHOUT_VLPIS;
    }
    return GIC_REDISTRIBUTOR_NONE;
}
