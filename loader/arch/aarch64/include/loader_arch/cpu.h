/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that C has no words for. */
#pragma once

#include <stdint.h>

#define read_register(name)                                                                                            \
    ({                                                                                                                 \
        uint64_t value_;                                                                                               \
        __asm__ volatile("mrs %0, " #name : "=r"(value_) : : "memory");                                                \
        value_;                                                                                                        \
    })
#define write_register(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

static inline void instruction_barrier(void)
{
    __asm__ volatile("isb" : : : "memory");
}

static inline void memory_barrier(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}

static inline uint8_t mmio_read8(uint64_t address)
{
    return *(volatile uint8_t *)(uintptr_t)address;
}

static inline uint32_t mmio_read32(uint64_t address)
{
    return *(volatile uint32_t *)(uintptr_t)address;
}

static inline uint64_t mmio_read64(uint64_t address)
{
    return *(volatile uint64_t *)(uintptr_t)address;
}

static inline void mmio_write32(uint64_t address, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)address = value;
}

/* MPIDR_EL1's affinity fields: Aff3 in 39:32, Aff2..Aff0 in 23:0. */
#define MPIDR_AFFINITY 0xff00ffffffull

/* Waits at least so long, by the generic timer's counter. */
void delay_microseconds(uint32_t microseconds);
/* Cleans and invalidates a range of the data caches, to the point of coherency. */
void cache_clean_invalidate(uint64_t address, uint64_t size);
