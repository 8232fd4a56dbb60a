/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/arch/registers.h>
#include <vmm/arch/walk.h>
#include <vmm/vm.h>

#define PTE_PRESENT  (1ull << 0)
#define PTE_WRITABLE (1ull << 1)
#define PTE_USER     (1ull << 2)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY    (1ull << 6)
#define PTE_LARGE    (1ull << 7)
#define PTE_NX       (1ull << 63)
#define PTE_ADDRESS  0x000ffffffffff000ull

#define ERROR_PRESENT (1u << 0)
#define ERROR_WRITE   (1u << 1)
#define ERROR_USER    (1u << 2)
#define ERROR_FETCH   (1u << 4)

/* How the guest translates, from its control registers. */
struct walk_format {
    uint32_t levels;     /* 0: paging is off */
    uint32_t entry_size; /* bytes */
    uint32_t index_bits; /* of each level but a PAE top level */
};

static struct walk_format format_of(const struct vcpu_arch_state *state)
{
    if ((state->cr0 & CR0_PG) == 0) {
        return (struct walk_format){0};
    }
    if ((state->cr4 & CR4_PAE) == 0) {
        return (struct walk_format){.levels = 2, .entry_size = 4, .index_bits = 10};
    }
    uint32_t levels = (state->efer & EFER_LMA) == 0 ? 3 : (state->cr4 & CR4_LA57) != 0 ? 5 : 4;
    return (struct walk_format){.levels = levels, .entry_size = 8, .index_bits = 9};
}

/* Where a walk went. */
struct walk_trace {
    uint32_t levels;
    uint64_t *entries[WALK_MAX_LEVELS];
    uint64_t values[WALK_MAX_LEVELS];
    uint64_t gpa;
    bool not_present;
    bool bad_table;
    bool writable, user, no_execute; /* over all levels */
};

static uint64_t large_page_address(uint64_t entry, uint32_t shift, uint32_t entry_size)
{
    uint64_t offset_mask = (1ull << shift) - 1;
    if (entry_size == 4) { /* PSE-36: bits 20:13 are address bits 39:32 */
        return (entry & 0xffc00000ull) | (entry & 0x1fe000ull) << 19;
    }
    return entry & PTE_ADDRESS & ~offset_mask;
}

/* Follows the tables and reads each entry once. */
static void trace(struct vcpu_context *vcpu, uint64_t linear, struct walk_format format, struct walk_trace *t)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    const struct guest_memory *memory = &vcpu->vm->memory;
    uint64_t table = state->cr3 & (format.levels == 3 ? 0xffffffe0ull : PTE_ADDRESS);
    if (format.levels == 2) {
        table = state->cr3 & 0xfffff000ull;
    }
    t->writable = true;
    t->user = true;
    uint32_t shift = 12 + format.index_bits * (format.levels - 1);
    for (uint32_t level = 0; level < format.levels; level++, shift -= format.index_bits) {
        uint64_t index = (linear >> shift) & ((1ull << format.index_bits) - 1);
        if (format.levels == 3 && level == 0) {
            index &= 3;
        }
        uint64_t *entry = guest_slice(memory, GPA(table + index * format.entry_size), format.entry_size);
        if (entry == NULL) {
            t->bad_table = true;
            return;
        }
        uint64_t value = format.entry_size == 8 ? __atomic_load_n(entry, __ATOMIC_RELAXED)
                                                : __atomic_load_n((uint32_t *)(void *)entry, __ATOMIC_RELAXED);
        t->entries[level] = entry;
        t->values[level] = value;
        t->levels = level + 1;
        if ((value & PTE_PRESENT) == 0) {
            t->not_present = true;
            return;
        }
        bool is_pdpte = format.levels == 3 && level == 0; /* has no permission bits */
        if (!is_pdpte) {
            t->writable &= (value & PTE_WRITABLE) != 0;
            t->user &= (value & PTE_USER) != 0;
            t->no_execute |= format.entry_size == 8 && (value & PTE_NX) != 0 && (state->efer & EFER_NXE) != 0;
        }
        bool may_be_large = format.entry_size == 4 ? level == 0 && (state->cr4 & CR4_PSE) != 0
                                                   : level + 3 >= format.levels && !is_pdpte;
        if (level + 1 < format.levels && may_be_large && (value & PTE_LARGE) != 0) {
            t->gpa = large_page_address(value, shift, format.entry_size) | (linear & ((1ull << shift) - 1));
            return;
        }
        table = format.entry_size == 8 ? value & PTE_ADDRESS : value & 0xfffff000ull;
    }
    t->gpa = table | (linear & 0xfff);
}

/* True if the access is allowed (AMD APM vol. 2 §5.6). */
static bool permitted(const struct vcpu_arch_state *state, const struct walk_trace *t, uint32_t access)
{
    bool by_user = (access & WALK_USER) != 0;
    if (by_user && !t->user) {
        return false;
    }
    if ((access & WALK_FETCH) != 0) {
        return !t->no_execute && (by_user || !t->user || (state->cr4 & CR4_SMEP) == 0);
    }
    if (!by_user && t->user && (state->cr4 & CR4_SMAP) != 0 && (state->rflags & RFLAGS_AC) == 0) {
        return false;
    }
    if ((access & WALK_WRITE) != 0 && !t->writable) {
        return !by_user && (state->cr0 & CR0_WP) == 0;
    }
    return true;
}

/* As the processor does before it completes the access (APM vol. 2 §5.4.2). */
static void mark_accessed(const struct walk_trace *t, struct walk_format format, uint32_t access)
{
    for (uint32_t i = 0; i < t->levels; i++) {
        if (format.levels == 3 && i == 0) {
            continue; /* PDPTEs have no accessed bit */
        }
        uint64_t bits = PTE_ACCESSED;
        if (i + 1 == t->levels && (access & WALK_WRITE) != 0) {
            bits |= PTE_DIRTY;
        }
        if ((t->values[i] & bits) == bits) {
            continue;
        }
        if (format.entry_size == 8) {
            __atomic_fetch_or(t->entries[i], bits, __ATOMIC_RELAXED);
        } else {
            __atomic_fetch_or((uint32_t *)(void *)t->entries[i], (uint32_t)bits, __ATOMIC_RELAXED);
        }
    }
}

struct walk_result walk(struct vcpu_context *vcpu, uint64_t linear, uint32_t access)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    struct walk_format format = format_of(state);
    if (format.levels == 0) {
        return (struct walk_result){.gpa = linear & 0xffffffffull};
    }
    struct walk_trace t = {0};
    trace(vcpu, linear, format, &t);
    if (t.bad_table) {
        return (struct walk_result){.bad_table = true};
    }
    bool allowed = !t.not_present && ((access & WALK_UNCHECKED) != 0 || permitted(state, &t, access));
    if (!allowed) {
        uint32_t error = (access & (ERROR_WRITE | ERROR_USER)) | (t.not_present ? 0 : ERROR_PRESENT);
        bool fetch_shows = (state->efer & EFER_NXE) != 0 || (state->cr4 & CR4_SMEP) != 0;
        error |= (access & WALK_FETCH) != 0 && fetch_shows ? ERROR_FETCH : 0;
        return (struct walk_result){.fault = true, .error_code = error};
    }
    if ((access & WALK_UNCHECKED) == 0) {
        mark_accessed(&t, format, access);
    }
    return (struct walk_result){.gpa = t.gpa};
}

static bool cache_holds(const struct walk_cache *cache, const struct vcpu_arch_state *state, uint64_t page)
{
    if (cache->page != (page | 1) || cache->cr3 != state->cr3 || cache->cr4 != state->cr4 ||
        cache->efer != state->efer || cache->cr0 != state->cr0) {
        return false;
    }
    for (uint32_t i = 0; i < cache->levels; i++) {
        if (__atomic_load_n(cache->entries[i], __ATOMIC_RELAXED) != cache->values[i]) {
            return false;
        }
    }
    return true;
}

const uint8_t *walk_code_page(struct vcpu_context *vcpu, uint64_t linear)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    struct walk_cache *cache = &vcpu->arch.fetch_walks[(linear >> 12) % WALK_CACHE_COUNT];
    uint64_t page = linear & ~0xfffull;
    if (cache_holds(cache, state, page)) {
        return cache->bytes;
    }
    struct walk_format format = format_of(state);
    struct walk_trace t = {0};
    if (format.levels == 0) {
        t.gpa = page & 0xffffffffull;
    } else {
        trace(vcpu, page, format, &t);
        if (t.bad_table || t.not_present) {
            return NULL;
        }
    }
    const uint8_t *bytes = guest_slice(&vcpu->vm->memory, GPA(t.gpa & ~0xfffull), PAGE_SIZE_4K);
    /* Only 8-byte entries are remembered, so that a check is one comparison each. */
    cache->page = bytes != NULL && format.entry_size != 4 ? page | 1 : 0;
    cache->cr0 = state->cr0;
    cache->cr3 = state->cr3;
    cache->cr4 = state->cr4;
    cache->efer = state->efer;
    cache->levels = t.levels;
    for (uint32_t i = 0; i < t.levels; i++) {
        cache->entries[i] = t.entries[i];
        cache->values[i] = t.values[i];
    }
    cache->bytes = bytes;
    return bytes;
}
