/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"
#include "vmcb.h"

#include <arch/cpu.h>
#include <arch/msr.h>

#define EVENT_RESERVED (0x7ffffull << 12)

/* Exceptions that push an error code: #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX. */
#define VECTORS_WITH_ERROR_CODE                                                                                        \
    (1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21 | 1u << 29 | 1u << 30)

bool svm_event_valid(uint64_t event)
{
    if ((event & VCPU_EVENT_VALID) == 0) {
        return true;
    }
    if ((event & EVENT_RESERVED) != 0) {
        return false;
    }
    uint32_t vector = event & 0xff;
    bool error_code = (event & VCPU_EVENT_ERROR_CODE) != 0;
    switch ((event >> 8) & 7) {
    case VCPU_EVENT_INTERRUPT:
    case VCPU_EVENT_SOFTWARE:
        return !error_code;
    case VCPU_EVENT_NMI:
        return !error_code && vector == 2;
    case VCPU_EVENT_EXCEPTION:
        if (vector > 31 || vector == 2) {
            return false;
        }
        return !error_code || ((VECTORS_WITH_ERROR_CODE >> vector) & 1) != 0;
    default:
        return false;
    }
}

bool svm_event_is_software(uint64_t event)
{
    uint32_t type = (event >> 8) & 7;
    uint32_t vector = event & 0xff;
    /* INT n; INT3 and INTO, which are reported as exceptions. */
    return type == VCPU_EVENT_SOFTWARE || (type == VCPU_EVENT_EXCEPTION && (vector == 3 || vector == 4));
}

bool svm_canonical(uint64_t address, uint32_t linear_address_bits)
{
    uint32_t shift = 64 - linear_address_bits;
    return (uint64_t)((int64_t)(address << shift) >> shift) == address;
}

bool svm_pat_valid(uint64_t pat)
{
    for (int i = 0; i < 8; i++, pat >>= 8) {
        uint8_t type = pat & 0xff;
        if (type == 2 || type == 3 || type > 7) { /* UC 0, WC 1, WT 4, WP 5, WB 6, UC- 7 */
            return false;
        }
    }
    return true;
}

#define SEGMENT_L   (1u << 9)
#define SEGMENT_D_B (1u << 10)

static bool control_valid(const struct vcpu_arch_state *state, const struct svm_limits *limits)
{
    if (state->cr0 >> 32 != 0 || state->cr4 >> 32 != 0 || (state->efer & ~limits->efer) != 0) {
        return false;
    }
    if ((state->cr0 & CR0_NW) != 0 && (state->cr0 & CR0_CD) == 0) {
        return false;
    }
    if ((state->cr0 & CR0_PG) != 0) {
        if ((state->cr0 & CR0_PE) == 0 || ((state->efer & EFER_LME) != 0 && (state->cr4 & CR4_PAE) == 0)) {
            return false;
        }
    }
    return state->cr3 >> limits->physical_address_bits == 0;
}

static bool segments_valid(const struct vcpu_arch_state *state, const struct svm_limits *limits)
{
    uint32_t bits = limits->linear_address_bits;
    if ((state->cs.attributes & SEGMENT_L) != 0 && (state->cs.attributes & SEGMENT_D_B) != 0) {
        return false;
    }
    return svm_canonical(state->fs.base, bits) && svm_canonical(state->gs.base, bits) &&
           svm_canonical(state->tr.base, bits) && svm_canonical(state->ldtr.base, bits) &&
           svm_canonical(state->gdtr.base, bits) && svm_canonical(state->idtr.base, bits) &&
           state->gdtr.limit <= 0xffff && state->idtr.limit <= 0xffff;
}

static bool syscall_valid(const struct vcpu_arch_state *state, const struct svm_limits *limits)
{
    uint32_t bits = limits->linear_address_bits;
    return svm_canonical(state->lstar, bits) && svm_canonical(state->cstar, bits) &&
           svm_canonical(state->kernel_gs_base, bits) && svm_canonical(state->sysenter_esp, bits) &&
           svm_canonical(state->sysenter_eip, bits) && state->sfmask >> 32 == 0 && state->sysenter_cs >> 32 == 0;
}

static bool misc_valid(const struct vcpu_arch_state *state, const struct svm_limits *limits)
{
    return svm_pat_valid(state->pat) && state->tsc_aux >> 32 == 0 && state->xss == 0 &&
           (state->spec_ctrl & ~limits->spec_ctrl) == 0;
}

uint32_t svm_invalid_groups(const struct vcpu_arch_state *state, uint32_t groups, const struct svm_limits *limits)
{
    uint32_t invalid = 0;
    if ((groups & VCPU_STATE_CONTROL) != 0 && !control_valid(state, limits)) {
        invalid |= VCPU_STATE_CONTROL;
    }
    if ((groups & VCPU_STATE_SEGMENTS) != 0 && !segments_valid(state, limits)) {
        invalid |= VCPU_STATE_SEGMENTS;
    }
    if ((groups & VCPU_STATE_SYSCALL) != 0 && !syscall_valid(state, limits)) {
        invalid |= VCPU_STATE_SYSCALL;
    }
    if ((groups & VCPU_STATE_DEBUG) != 0 && (state->dr6 >> 32 != 0 || state->dr7 >> 32 != 0)) {
        invalid |= VCPU_STATE_DEBUG;
    }
    if ((groups & VCPU_STATE_MISC) != 0 && !misc_valid(state, limits)) {
        invalid |= VCPU_STATE_MISC;
    }
    return invalid;
}

struct vcpu_exit_port_io svm_decode_port_io(uint64_t exit_info1, bool segment)
{
    uint32_t reported = (exit_info1 >> IOIO_SEGMENT_SHIFT) & 7;
    bool string = (exit_info1 & IOIO_STRING) != 0;
    return (struct vcpu_exit_port_io){
        .port = (uint16_t)(exit_info1 >> IOIO_PORT_SHIFT),
        /* One of three bits is set: 1, 2 or 4 bytes. */
        .width = (exit_info1 >> IOIO_WIDTH_SHIFT) & 7,
        .write = (exit_info1 & IOIO_IN) == 0,
        .string = string,
        .repeat = (exit_info1 & IOIO_REPEAT) != 0,
        /* Likewise: 16, 32 or 64 bits. */
        .address_width = (uint8_t)(((exit_info1 >> IOIO_ADDRESS_SHIFT) & 7) << 1),
        .segment = segment && string && reported <= 5 ? (uint8_t)reported : 0xff,
    };
}

uint32_t svm_decode_memory_access(uint64_t exit_info1)
{
    uint32_t access = (exit_info1 & NPF_WRITE) != 0   ? VCPU_ACCESS_WRITE
                      : (exit_info1 & NPF_FETCH) != 0 ? VCPU_ACCESS_FETCH
                                                      : VCPU_ACCESS_READ;
    return (exit_info1 & NPF_WALK) != 0 ? access | VCPU_ACCESS_PAGE_WALK : access;
}

uint32_t svm_instruction_length(uint64_t rip, uint64_t next_rip)
{
    uint64_t length = next_rip - rip;
    return length <= VCPU_INSTRUCTION_BYTES ? (uint32_t)length : 0;
}

int32_t svm_msr_bit(uint32_t msr)
{
    static const uint32_t first[] = {0x00000000u, 0xc0000000u, 0xc0010000u};
    for (uint32_t i = 0; i < 3; i++) {
        if (msr >= first[i] && msr - first[i] < 0x2000u) {
            return (int32_t)((i * 0x2000u + (msr - first[i])) * 2);
        }
    }
    return -1;
}
