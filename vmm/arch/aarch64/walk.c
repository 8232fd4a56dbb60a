/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/arch/registers.h>
#include <vmm/arch/walk.h>
#include <vmm/vm.h>

/* Descriptors (DDI 0487, D8.3) */
#define DESCRIPTOR_VALID     (1ull << 0)
#define DESCRIPTOR_TABLE     (1ull << 1) /* at level 3: page */
#define DESCRIPTOR_AP_EL0    (1ull << 6)
#define DESCRIPTOR_READ_ONLY (1ull << 7)
#define DESCRIPTOR_AF        (1ull << 10)
#define DESCRIPTOR_DBM       (1ull << 51)
#define DESCRIPTOR_AP_TABLE  61u /* two bits: no access from EL0, no writes */

#define ADDRESS_BITS 48u /* of descriptors, and of addresses while translation is off */
#define LAST_LEVEL   3u

/* How one half of the address space is translated. */
struct walk_format {
    uint64_t table;        /* TTBR */
    uint32_t granule;      /* bits of the offset in a page: 12, 14, 16 */
    uint32_t input_bits;   /* of the address: 64 - TxSZ */
    bool disabled;         /* EPDx */
    bool flat_permissions; /* HPDx: tables have no permissions */
};

static uint64_t low_bits(uint32_t count)
{
    return count >= 64 ? UINT64_MAX : (1ull << count) - 1;
}

/* False: no address of this half translates. */
static bool format_of(const struct vcpu_arch_state *state, bool upper, struct walk_format *format)
{
    static const uint8_t granules[2][4] = {{12, 16, 14, 0}, {0, 14, 12, 16}}; /* TG0, TG1 */
    uint64_t tcr = state->tcr_el1;
    uint32_t size = upper ? TCR_T1SZ(tcr) : TCR_T0SZ(tcr);
    format->table = upper ? state->ttbr1_el1 : state->ttbr0_el1;
    format->granule = granules[upper][upper ? TCR_TG1(tcr) : TCR_TG0(tcr)];
    format->input_bits = 64 - size;
    format->disabled = (tcr & (upper ? TCR_EPD1 : TCR_EPD0)) != 0;
    format->flat_permissions = (tcr & (upper ? TCR_HPD1 : TCR_HPD0)) != 0;
    uint32_t most = format->granule == 16 ? 52 : 48;
    return format->granule != 0 && !format->disabled && format->input_bits <= most &&
           format->input_bits > format->granule;
}

static struct walk_result fault(uint32_t status)
{
    return (struct walk_result){.fault = true, .status = status};
}

static bool block_is_possible(const struct walk_format *format, uint32_t level)
{
    return level == 2 || (level == 1 && format->granule == 12);
}

/* DDI 0487, D8.4: permissions of data accesses. */
static bool permitted(const struct vcpu_arch_state *state, uint64_t descriptor, uint64_t table_permissions,
                      uint32_t access)
{
    bool el0 = (descriptor & DESCRIPTOR_AP_EL0) != 0 && (table_permissions & 1u) == 0;
    bool read_only = (descriptor & DESCRIPTOR_READ_ONLY) != 0;
    if (read_only && (descriptor & DESCRIPTOR_DBM) != 0 && (state->tcr_el1 & TCR_HD) != 0) {
        read_only = false; /* written for the first time */
    }
    read_only |= (table_permissions & 2u) != 0;
    if ((access & WALK_WRITE) != 0 && read_only) {
        return false;
    }
    if ((access & WALK_UNPRIVILEGED) != 0) {
        return el0;
    }
    return !el0 || (state->pstate & PSTATE_PAN) == 0;
}

/* From the first table to the page. Bounded: each step goes down one level. */
static struct walk_result descend(struct vcpu_context *vcpu, uint64_t address, const struct walk_format *format,
                                  uint32_t access)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    uint32_t stride = format->granule - 3;
    uint32_t levels = (format->input_bits - format->granule + stride - 1) / stride;
    uint32_t level = LAST_LEVEL + 1 - levels;
    uint32_t shift = format->granule + stride * (levels - 1);
    /* The first table may be smaller than a page, and is aligned to its size. */
    uint32_t first_bits = format->input_bits - shift;
    uint64_t table = format->table & low_bits(ADDRESS_BITS) & ~low_bits(first_bits + 3 > 6 ? first_bits + 3 : 6);
    uint64_t index_mask = low_bits(first_bits);
    uint64_t table_permissions = 0;
    for (;; level++, shift -= stride) {
        uint64_t index = address >> shift & index_mask;
        const uint64_t *entry = guest_slice(&vcpu->vm->memory, GPA(table + index * 8), 8);
        if (entry == NULL) {
            return fault(FAULT_EXTERNAL_WALK + level);
        }
        uint64_t descriptor = __atomic_load_n(entry, __ATOMIC_RELAXED);
        bool leaf = level == LAST_LEVEL || (descriptor & DESCRIPTOR_TABLE) == 0;
        bool possible =
            (descriptor & DESCRIPTOR_VALID) != 0 &&
            (level == LAST_LEVEL ? (descriptor & DESCRIPTOR_TABLE) != 0 : !leaf || block_is_possible(format, level));
        if (!possible) {
            return fault(FAULT_TRANSLATION + level);
        }
        uint64_t next = descriptor & low_bits(ADDRESS_BITS);
        if (!leaf) {
            table = next & ~low_bits(format->granule);
            index_mask = low_bits(stride);
            table_permissions |= format->flat_permissions ? 0 : descriptor >> DESCRIPTOR_AP_TABLE & 3u;
            continue;
        }
        if ((access & WALK_UNCHECKED) == 0) {
            if ((descriptor & DESCRIPTOR_AF) == 0 && (state->tcr_el1 & TCR_HA) == 0) {
                return fault(FAULT_ACCESS_FLAG + level);
            }
            if (!permitted(state, descriptor, table_permissions, access)) {
                return fault(FAULT_PERMISSION + level);
            }
        }
        return (struct walk_result){.gpa = (next & ~low_bits(shift)) | (address & low_bits(shift))};
    }
}

struct walk_result walk(struct vcpu_context *vcpu, uint64_t address, uint32_t access)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    bool upper = (address >> 55 & 1u) != 0;
    bool tags = (state->tcr_el1 & (upper ? TCR_TBI1 : TCR_TBI0)) != 0;
    uint64_t untagged = tags ? (uint64_t)((int64_t)(address << 8) >> 8) : address;
    if ((state->sctlr_el1 & SCTLR_M) == 0) {
        if ((untagged & ~low_bits(ADDRESS_BITS)) != 0) {
            return fault(FAULT_ADDRESS_SIZE);
        }
        return (struct walk_result){.gpa = untagged};
    }
    struct walk_format format;
    if (!format_of(state, upper, &format)) {
        return fault(FAULT_TRANSLATION);
    }
    uint64_t above = untagged >> format.input_bits;
    if (above != (upper ? UINT64_MAX >> format.input_bits : 0)) {
        return fault(FAULT_TRANSLATION);
    }
    return descend(vcpu, untagged, &format, access);
}
