/* SPDX-License-Identifier: BSD-2-Clause */
/* What the hostile virtio driver wants of the machine that it runs on, flat, with all privileges that a guest has. */
#pragma once

#include <stddef.h>

#include <hostile.h>

/* As systems/hostile_virtio says. */
#define MEMORY_SIZE 0x2000000ull

/* Of guest-physical space. */
struct machine {
    uint64_t ram_base;
    uint64_t ecam;                  /* bus 0 */
    uint64_t pci_memory, pci_ports; /* where BARs may be put */
    uint64_t virtio_mmio;           /* first of 32 transports of 512 bytes */
    uint64_t interrupts;            /* an interrupt controller's registers */
    uint64_t interrupts_word;       /* a register of it that says the same always */
    uint64_t messages;              /* where messages that are interrupts go */
    bool unaligned;                 /* device registers can be accessed where no alignment is */
};
extern const struct machine machine;

/* Maps all of it: RAM as memory, the rest as devices. Each processor. */
void machine_map(void);
/* Starts the other processor in second_main(). False: there is none. */
bool machine_start_second(void);
/* Waits until it has stopped after second_main(). */
void machine_stop_second(void);
void second_main(void);
/* Ticks of a clock, and how many make a millisecond, at least. */
uint64_t machine_now(void);
uint64_t machine_millisecond(void);
/* What was typed on the console; '\0': nothing. */
char machine_read_character(void);
/* Starts the machine anew. */
void machine_restart(void);

/* --- Accesses: width is 1, 2, 4 or 8; for ports up to 4 --- */

void port_write(uint32_t port, uint32_t width, uint64_t value);
uint64_t port_read(uint32_t port, uint32_t width);

static inline void barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Each is one instruction of the simplest kind, so that a monitor on AArch64 knows what it does. */
static inline uint64_t read_at(uint64_t address, uint32_t width)
{
    uint64_t value;
    switch (width) {
    case 1:
        value = *(volatile uint8_t *)address;
        break;
    case 2:
        value = *(volatile uint16_t *)address;
        break;
    case 4:
        value = *(volatile uint32_t *)address;
        break;
    default:
        value = *(volatile uint64_t *)address;
        break;
    }
    barrier();
    return value;
}

static inline void write_at(uint64_t address, uint32_t width, uint64_t value)
{
    barrier();
    switch (width) {
    case 1:
        *(volatile uint8_t *)address = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)address = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)address = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)address = value;
        break;
    }
}
