/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A64's loads and stores of general registers (Arm ARM DDI 0487, C4.1.94): single
 * registers and pairs, with all their ways to address, and the ordered ones.
 * Not: exclusives, atomics, vector registers, tags.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum load_store_address {
    ADDRESS_OFFSET = 0, /* base + offset */
    ADDRESS_PRE,        /* the same, and the base becomes it */
    ADDRESS_POST,       /* base, which becomes base + offset */
    ADDRESS_REGISTER,   /* base + extended register */
    ADDRESS_LITERAL,    /* pc + offset */
};

struct load_store {
    uint8_t width; /* of one transfer: 1, 2, 4, 8 bytes */
    uint8_t count; /* transfers: 1, or 2 for a pair */
    bool load;
    bool sign_extend;
    uint8_t register_width; /* of a load's result: 4 or 8 */
    uint8_t rt, rt2;        /* 31: the zero register */
    uint8_t rn;             /* 31: the stack pointer */
    uint8_t rm;             /* 31: the zero register */
    uint8_t extend, shift;  /* of rm: option (2 UXTW, 3 LSL, 6 SXTW, 7 SXTX) and left shift */
    uint8_t address;        /* enum load_store_address */
    bool unprivileged;      /* LDTR, STTR */
    bool cache_maintenance; /* DC or IC by address, a prefetch: no transfer at all */
    int64_t offset;         /* bytes */
};

/* False if the instruction is none of these. */
bool load_store_decode(uint32_t instruction, struct load_store *decoded);
