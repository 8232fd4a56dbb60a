/* SPDX-License-Identifier: BSD-2-Clause */
/* The Arm machine: ports are a window of memory, a second processor comes by PSCI (Arm DEN 0022). */
#include "../../machine.h"

#define GIB                0x40000000ull
#define BLOCK              1ull /* descriptor of 1 GiB, at level 1 */
#define DEVICE             (1ull << 2)
#define ACCESSED           (1ull << 10)
#define SHARED             (3ull << 8)
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_CPU_ON        0xc4000003u
#define PSCI_SYSTEM_RESET  0x84000009u

const struct machine machine = {
    .ram_base = GUEST_RAM_BASE,
    .ecam = GUEST_ECAM_BASE,
    .pci_memory = GUEST_PCI_MEMORY_BASE + 0x10000000,
    .pci_ports = GUEST_PCI_IO_SIZE / 2,
    .virtio_mmio = GUEST_VIRTIO_MMIO_BASE,
    .interrupts = GUEST_GICD_BASE,
    .interrupts_word = GUEST_GICD_BASE + 4, /* GICD_TYPER */
    .messages = GUEST_ITS_BASE + 0x10040,   /* GITS_TRANSLATER */
};

static uint64_t level1[512] __attribute__((aligned(4096)));

void machine_map(void)
{
    for (uint64_t i = 0; i < 512; i++) {
        level1[i] = i * GIB | ACCESSED | SHARED | BLOCK | (i == 0 ? DEVICE : 0);
    }
    uint64_t control;
    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
    __asm__ volatile("msr mair_el1, %0\n\tmsr tcr_el1, %1\n\tmsr ttbr0_el1, %2\n\t"
                     "dsb sy\n\tisb\n\ttlbi vmalle1\n\tdsb sy\n\tisb\n\tmsr sctlr_el1, %3\n\tisb"
                     :
                     /* Normal memory, device memory; 39 bits, write-back walks, no upper half; MMU and caches on. */
                     : "r"(0x04ffull), "r"(0x2ull << 32 | 1ull << 23 | 0x3500 | 25), "r"(level1),
                       "r"(control | 1u << 12 | 1u << 2 | 1u)
                     : "memory");
}

static uint64_t firmware(uint64_t function, uint64_t a, uint64_t b)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = 0;
    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
    return x0;
}

/* second.S */
extern const char second_entry[];

bool machine_start_second(void)
{
    return firmware(PSCI_CPU_ON, 1, (uintptr_t)second_entry) == 0;
}

/* AFFINITY_INFO says 1 when it is off. */
void machine_stop_second(void)
{
    while (firmware(PSCI_AFFINITY_INFO, 1, 0) == 0) {
    }
}

uint64_t machine_now(void)
{
    uint64_t ticks;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

uint64_t machine_millisecond(void)
{
    uint64_t frequency;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
    return frequency / 1000;
}

char machine_read_character(void)
{
    return (read_at(GUEST_UART_BASE + 0x18, 4) & 0x10) == 0 ? (char)read_at(GUEST_UART_BASE, 4) : '\0';
}

void machine_restart(void)
{
    (void)firmware(PSCI_SYSTEM_RESET, 0, 0);
}

uint64_t port_read(uint32_t port, uint32_t width)
{
    return read_at(GUEST_PCI_IO_BASE + port, width);
}

void port_write(uint32_t port, uint32_t width, uint64_t value)
{
    write_at(GUEST_PCI_IO_BASE + port, width, value);
}
