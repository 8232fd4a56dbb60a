/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two Intel 8259A interrupt controllers, cascaded as on PCs, with the edge/level
 * control registers of later chip sets.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/irq.h>
#include <vmm/log.h>

struct i8259_chip {
    struct i8259 *pic;
    uint8_t irr;         /* requests latched (edge) or seen (level) */
    uint8_t isr;         /* in service */
    uint8_t imr;         /* masked */
    uint8_t lines;       /* level of the inputs */
    uint8_t elcr;        /* 1: level-triggered input */
    uint8_t lowest;      /* input of the lowest priority, 7 after initialisation */
    uint8_t vector_base; /* ICW2 */
    uint8_t icw1;        /* LTIM and SNGL as last initialised */
    uint8_t icw4;
    uint8_t cascade; /* ICW3 */
    uint8_t expect;  /* next ICW in the initialisation sequence, 0: none */
    bool rotate_on_aeoi;
    bool special_mask;
    bool poll;
    bool read_isr;
    bool slave;
};

struct i8259 {
    struct i8259_chip chips[2]; /* master, slave */
    void (*output)(void *context, bool level);
    void *output_context;
    bool output_level;
};

/* Registers ports 0x20, 0xa0 and 0x4d0 and the lines of the router. 0, or -1 if a table is full. */
int i8259_init(struct i8259 *pic, struct bus *io, struct irq_router *router, struct vm *vm);
/* State after power-on: uninitialised, no request, edge-triggered everywhere. Lines keep their level. */
void i8259_reset(struct i8259 *pic);
/* output is called whenever the INTR pin changes; it drives LINT0 of the boot processor's local APIC. */
void i8259_connect(struct i8259 *pic, void (*output)(void *context, bool level), void *context);

/* irq: 0..15 (2 is the cascade and ignored). level true: asserted. */
void i8259_set_line(struct i8259 *pic, uint32_t irq, bool level);
/* Level of INTR. */
static inline bool i8259_output(const struct i8259 *pic)
{
    return pic->output_level;
}
/* The processor's INTA cycle: vector of the highest request, which goes into service; without a request the
 * spurious vector (IRQ 7 of the chip asked), with no bit in service. */
uint8_t i8259_acknowledge(struct i8259 *pic);
