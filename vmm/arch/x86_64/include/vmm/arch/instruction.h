/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that the VMM carries out for the guest, in a form of our own that
 * Zydis's result is reduced to once and that is then kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vcpu_context;

enum instruction_operation {
    OPERATION_UNSUPPORTED = 0, /* valid, but nothing that is emulated */
    OPERATION_MOV,
    OPERATION_MOVZX,
    OPERATION_MOVSX,
    OPERATION_ADD,
    OPERATION_OR,
    OPERATION_ADC,
    OPERATION_SBB,
    OPERATION_AND,
    OPERATION_SUB,
    OPERATION_XOR,
    OPERATION_CMP,
    OPERATION_TEST,
    OPERATION_INC,
    OPERATION_DEC,
    OPERATION_NOT,
    OPERATION_NEG,
    OPERATION_XCHG,
    OPERATION_XADD,
    OPERATION_CMPXCHG,
    OPERATION_BT,
    OPERATION_BTS,
    OPERATION_BTR,
    OPERATION_BTC,
    OPERATION_PUSH,
    OPERATION_POP,
    OPERATION_STRING_MOVE,  /* MOVS */
    OPERATION_STRING_STORE, /* STOS */
    OPERATION_STRING_LOAD,  /* LODS */
    OPERATION_STRING_IN,    /* INS */
    OPERATION_STRING_OUT,   /* OUTS */
    OPERATION_CACHE_FLUSH,  /* WBINVD, WBNOINVD, INVD */
    OPERATION_READ_COUNTER, /* RDPMC */
    OPERATION_MOV_CONTROL,  /* MOV to or from CRn: operands register and control register number */
};

enum operand_kind {
    OPERAND_NONE = 0,
    OPERAND_REGISTER,
    OPERAND_MEMORY,
    OPERAND_IMMEDIATE,
    OPERAND_CONTROL_REGISTER,
};

#define OPERAND_NO_REGISTER 0xffu
#define OPERAND_IP_RELATIVE 0xfeu

struct instruction_operand {
    uint8_t kind;   /* enum operand_kind */
    uint8_t width;  /* bytes */
    uint8_t number; /* general register 0..15, control register */
    bool high_byte; /* AH, CH, DH, BH */
};

struct instruction {
    uint8_t operation;                      /* enum instruction_operation */
    uint8_t length;                         /* bytes, 0: not a valid instruction */
    uint8_t repeat;                         /* REP prefix on a string instruction */
    uint8_t address_width;                  /* bytes: 2, 4 or 8 */
    struct instruction_operand operands[2]; /* destination, source */
    uint64_t immediate;                     /* sign-extended */
    /* The memory operand, if one of the operands is memory. */
    uint8_t segment;            /* 0 ES 1 CS 2 SS 3 DS 4 FS 5 GS */
    uint8_t base, index, scale; /* registers; OPERAND_NO_REGISTER; base may be OPERAND_IP_RELATIVE */
    int64_t displacement;
};

#define INSTRUCTION_CACHE_SETS 64u /* power of two */
#define INSTRUCTION_CACHE_WAYS 2u

struct cached_instruction {
    uint64_t rip;
    uint64_t bytes[2]; /* as fetched, bytes beyond the length are zero */
    uint32_t mode;     /* enum instruction_mode, 0: empty */
    struct instruction instruction;
};

struct instruction_cache {
    struct cached_instruction sets[INSTRUCTION_CACHE_SETS][INSTRUCTION_CACHE_WAYS];
    uint8_t oldest[INSTRUCTION_CACHE_SETS]; /* way that is replaced next */
};

enum instruction_mode {
    INSTRUCTION_MODE_16 = 1,
    INSTRUCTION_MODE_32 = 2,
    INSTRUCTION_MODE_64 = 3,
};

#define INSTRUCTION_MAX_LENGTH 15u

/* Decodes up to 15 bytes: a pure function. length is 0 in *out if they are not a
 * valid instruction. */
void instruction_decode(enum instruction_mode mode, const uint8_t *bytes, uint32_t count, struct instruction *out);

/* Whether the bytes at the guest's RIP are exactly these, 1 or 2 of them: an
 * instruction without prefixes. Spares decoding where the exit says already
 * which instruction it was. */
bool instruction_is(struct vcpu_context *vcpu, const uint8_t *opcode, uint32_t length);

/* The instruction at the guest's RIP, or NULL if it cannot be fetched. An
 * instruction of length 0 is not valid. The result stays valid until the next call. */
const struct instruction *instruction_fetch(struct vcpu_context *vcpu);
