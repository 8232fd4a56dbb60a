/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/arch/load_store.h>

static uint32_t bits(uint32_t value, uint32_t high, uint32_t low)
{
    return value >> low & ((1u << (high - low + 1)) - 1);
}

static int64_t sign_extended(uint32_t value, uint32_t width)
{
    uint32_t shift = 64 - width;
    return (int64_t)((uint64_t)value << shift) >> shift;
}

/* size and opc of the single-register forms (C4.1.94, "Load/store register"). */
static bool decode_size(uint32_t instruction, struct load_store *d)
{
    uint32_t size = bits(instruction, 31, 30);
    uint32_t opc = bits(instruction, 23, 22);
    d->width = (uint8_t)(1u << size);
    d->count = 1;
    d->load = opc != 0;
    d->sign_extend = opc >= 2;
    d->register_width = opc == 2 || size == 3 ? 8 : 4;
    if (opc == 2 && size == 3) { /* PRFM */
        d->cache_maintenance = true;
        return true;
    }
    return !(opc == 3 && size >= 2);
}

static bool decode_register(uint32_t instruction, struct load_store *d)
{
    if (!decode_size(instruction, d)) {
        return false;
    }
    if (bits(instruction, 24, 24) != 0) { /* unsigned offset */
        d->address = ADDRESS_OFFSET;
        d->offset = (int64_t)bits(instruction, 21, 10) * d->width;
        return true;
    }
    uint32_t form = bits(instruction, 11, 10);
    if (bits(instruction, 21, 21) != 0) {
        d->address = ADDRESS_REGISTER;
        d->rm = (uint8_t)bits(instruction, 20, 16);
        d->extend = (uint8_t)bits(instruction, 15, 13);
        d->shift = bits(instruction, 12, 12) != 0 ? (uint8_t)bits(instruction, 31, 30) : 0;
        return form == 2 && (d->extend & 2u) != 0; /* 0: atomics; 1, 3: with pointer authentication */
    }
    d->offset = sign_extended(bits(instruction, 20, 12), 9);
    d->unprivileged = form == 2;
    d->address = form == 1 ? ADDRESS_POST : form == 3 ? ADDRESS_PRE : ADDRESS_OFFSET;
    return !(d->cache_maintenance && form != 0); /* PRFUM is the only prefetch among these */
}

static bool decode_pair(uint32_t instruction, struct load_store *d)
{
    uint32_t opc = bits(instruction, 31, 30);
    uint32_t form = bits(instruction, 24, 23); /* 0 non-temporal, 1 post, 2 offset, 3 pre */
    d->load = bits(instruction, 22, 22) != 0;
    if (opc == 3 || (opc == 1 && (!d->load || form == 0))) {
        return false;
    }
    d->width = opc == 2 ? 8 : 4;
    d->count = 2;
    d->sign_extend = opc == 1;
    d->register_width = opc == 0 ? 4 : 8;
    d->rt2 = (uint8_t)bits(instruction, 14, 10);
    d->offset = sign_extended(bits(instruction, 21, 15), 7) * d->width;
    d->address = form == 1 ? ADDRESS_POST : form == 3 ? ADDRESS_PRE : ADDRESS_OFFSET;
    return true;
}

static bool decode_literal(uint32_t instruction, struct load_store *d)
{
    uint32_t opc = bits(instruction, 31, 30);
    d->address = ADDRESS_LITERAL;
    d->offset = sign_extended(bits(instruction, 23, 5), 19) * 4;
    d->load = true;
    d->count = 1;
    d->width = opc == 1 ? 8 : 4;
    d->sign_extend = opc == 2;
    d->register_width = opc == 0 ? 4 : 8;
    d->cache_maintenance = opc == 3; /* PRFM */
    return true;
}

/* LDAR, STLR, LDLAR, STLLR. The exclusives beside them are not emulated. */
static bool decode_ordered(uint32_t instruction, struct load_store *d)
{
    uint32_t size = bits(instruction, 31, 30);
    d->width = (uint8_t)(1u << size);
    d->count = 1;
    d->load = bits(instruction, 22, 22) != 0;
    d->register_width = size == 3 ? 8 : 4;
    d->address = ADDRESS_OFFSET;
    return bits(instruction, 23, 23) == 1 && bits(instruction, 21, 21) == 0;
}

/* DC and IC by address (C5.3), but DC ZVA and its kin, which write. */
static bool decode_cache(uint32_t instruction, struct load_store *d)
{
    uint32_t op1 = bits(instruction, 18, 16);
    uint32_t crm = bits(instruction, 11, 8);
    uint32_t op2 = bits(instruction, 7, 5);
    d->cache_maintenance = true;
    if (op1 == 0) { /* DC IVAC */
        return crm == 6 && op2 == 1;
    }
    /* IC IVAU; DC CVAC, CVAU, CVAP, CVADP, CIVAC */
    return op1 == 3 && op2 == 1 && (crm == 5 || crm == 10 || crm == 11 || crm == 12 || crm == 13 || crm == 14);
}

bool load_store_decode(uint32_t instruction, struct load_store *d)
{
    *d = (struct load_store){
        .rt = (uint8_t)bits(instruction, 4, 0),
        .rn = (uint8_t)bits(instruction, 9, 5),
        .rm = 31,
    };
    if ((instruction & 0xfff8f000u) == 0xd5087000u) { /* SYS #op1, C7, ... */
        return decode_cache(instruction, d);
    }
    if (bits(instruction, 26, 26) != 0) { /* vector registers */
        return false;
    }
    switch (bits(instruction, 29, 27)) {
    case 1: /* 001: exclusive and ordered */
        return bits(instruction, 25, 24) == 0 && decode_ordered(instruction, d);
    case 3: /* 011: literal */
        return bits(instruction, 25, 24) == 0 && decode_literal(instruction, d);
    case 5: /* 101: pair */
        return bits(instruction, 25, 25) == 0 && decode_pair(instruction, d);
    case 7: /* 111: register */
        return bits(instruction, 25, 25) == 0 && decode_register(instruction, d);
    default:
        return false;
    }
}
