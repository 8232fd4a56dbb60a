/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic_stream.h"

#include <string.h>

#define LR_STATE (LR_PENDING | LR_ACTIVE)

struct stream {
    const uint8_t *bytes;
    size_t left;
    uint32_t intids[VM_MAX_VCPUS][64]; /* acknowledged and not ended */
};

enum {
    OP_READ,
    OP_WRITE,
    OP_WRITE_KNOWN,
    OP_SYSTEM_REGISTER,
    OP_LINE,
    OP_PPI,
    OP_MSI,
    OP_COMMAND,
    OP_RAM,
    OP_ACKNOWLEDGE,
    OP_END,
    OP_SLEEP,
    OP_WAKE,
    OP_KERNEL_SGI,
    OP_TIMER,
    OP_MASK,
    OP_DEAF,
    OP_RESET,
    OP_SET_UP_LPIS,
    OP_COUNT,
};

static uint64_t take(struct stream *stream, uint32_t width)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < width && stream->left > 0; i++) {
        value |= (uint64_t)*stream->bytes++ << 8 * i;
        stream->left--;
    }
    return value;
}

/* --- Invariants --- */

static void check_lists(const struct machine *machine, uint32_t vcpu)
{
    const struct gic_vcpu *state = &machine->gic.vcpus[vcpu];
    const uint64_t *list = machine->cpus[vcpu].page.list;
    assert_true(state->used >> machine->lists == 0);
    for (uint32_t i = 0; i < machine->lists; i++) {
        uint32_t intid = (uint32_t)list[i];
        if ((list[i] & LR_STATE) == 0) {
            continue;
        }
        assert_true(intid < GIC_INTIDS || (intid >= GIC_FIRST_LPI && intid < GIC_FIRST_LPI + GIC_LPIS));
        for (uint32_t k = i + 1; k < machine->lists; k++) {
            bool same_source = LR_SOURCE(list[i]) == LR_SOURCE(list[k]) || machine->gic.config.version == 3;
            assert_false((list[k] & LR_STATE) != 0 && (uint32_t)list[k] == intid && (intid >= 16 || same_source));
        }
    }
    for (uint32_t used = state->used; used != 0; used &= used - 1) {
        uint32_t intid = state->listed[__builtin_ctz(used)];
        const struct gic_bank *bank = intid < 32 ? &state->bank : &machine->gic.banks[(intid / 32 - 1) % GIC_SPI_BANKS];
        if (intid >= GIC_FIRST_LPI) {
            uint32_t lpi = intid - GIC_FIRST_LPI;
            assert_true((machine->gic.lpi_listed[lpi / 64] >> lpi % 64 & 1) != 0);
            assert_int_equal(machine->gic.lpi_holder[lpi], vcpu);
        } else {
            assert_true((bank->listed >> intid % 32 & 1) != 0);
            assert_int_equal(bank->holder[intid % 32], vcpu);
        }
    }
}

static void check_lpis(const struct machine *machine)
{
    uint32_t active[VM_MAX_VCPUS] = {0};
    for (uint32_t word = 0; word < GIC_LPI_WORDS; word++) {
        bool noted = (machine->gic.lpi_pending_words[word / 64] >> word % 64 & 1) != 0;
        assert_int_equal(noted, machine->gic.lpi_pending[word] != 0);
        for (uint64_t bits = machine->gic.lpi_active[word]; bits != 0; bits &= bits - 1) {
            active[machine->gic.lpi_holder[word * 64 + (uint32_t)__builtin_ctzll(bits)]]++;
        }
    }
    for (uint32_t i = 0; i < machine->vcpus; i++) {
        assert_int_equal(machine->gic.vcpus[i].active_lpis, active[i]);
    }
}

static void check(const struct machine *machine)
{
    uint32_t listed = 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < machine->vcpus; i++) {
        check_lists(machine, i);
        used += (uint32_t)__builtin_popcount(machine->gic.vcpus[i].used);
        listed += (uint32_t)__builtin_popcount(machine->gic.vcpus[i].bank.listed);
    }
    for (uint32_t i = 0; i < GIC_SPI_BANKS; i++) {
        const struct gic_bank *bank = &machine->gic.banks[i];
        assert_true((bank->latched | bank->level | bank->active | bank->listed) == 0 ||
                    (machine->gic.busy >> i & 1) != 0);
        listed += (uint32_t)__builtin_popcount(machine->gic.banks[i].listed);
    }
    for (uint32_t i = 0; i < GIC_LPI_WORDS; i++) {
        listed += (uint32_t)__builtin_popcountll(machine->gic.lpi_listed[i]);
    }
    assert_int_equal(listed, used);
    check_lpis(machine);
}

/* --- Operations --- */

static uint64_t address(struct machine *machine, struct stream *stream)
{
    uint32_t which = (uint32_t)take(stream, 1);
    uint64_t offset = take(stream, 2);
    if (machine->gic.config.version == 2 || which % 4 == 0) {
        return GUEST_GICD_BASE + offset;
    }
    if (which % 4 == 1 && machine->gic.config.its) {
        return GUEST_ITS_BASE + (offset & 0x1ff) + (which & 0x80) * 0x200;
    }
    return GUEST_GICR_BASE + (which >> 2) % machine->vcpus * GUEST_GICR_SIZE_PER_VCPU + (which % 4 == 2 ? 0x10000 : 0) +
           offset;
}

/* Where there is something, so that most writes hit. */
static uint64_t known_address(struct machine *machine, struct stream *stream)
{
    static const uint16_t words[] = {0x000, 0x080, 0x100, 0x180, 0x200, 0x280,  0x300, 0x380, 0xc00,
                                     0x400, 0x800, 0xf00, 0xf10, 0xf20, 0x6100, 0x014, 0x070, 0x078};
    uint32_t which = (uint32_t)take(stream, 1);
    uint32_t offset = words[take(stream, 1) % (sizeof(words) / sizeof(words[0]))];
    uint32_t index = (uint32_t)take(stream, 1);
    if (machine->gic.config.version == 3 && which % 2 == 0) {
        bool frame = (which & 2) == 0 && offset >= 0x080;
        return GUEST_GICR_BASE + (which >> 2) % machine->vcpus * GUEST_GICR_SIZE_PER_VCPU + (frame ? 0x10000 : 0) +
               offset + (offset >= 0x400 ? index % 8 * 4 : 0);
    }
    return GUEST_GICD_BASE + offset + (offset == 0x400 || offset == 0x800 ? index * 4u & 0xffu : index % 8 * 4);
}

static void access(struct machine *machine, struct stream *stream, uint32_t vcpu, uint32_t op)
{
    uint64_t at = op == OP_WRITE_KNOWN ? known_address(machine, stream) : address(machine, stream);
    uint32_t width = 1u << take(stream, 1) % 4;
    if (op == OP_WRITE_KNOWN) {
        width = 4;
    }
    if ((at & 0xffff) + width > 0x10000) {
        return;
    }
    if (op == OP_READ) {
        machine_read(machine, vcpu, at, width);
    } else {
        machine_write(machine, vcpu, at, width, take(stream, width));
    }
}

static void set_up_lpis(struct machine *machine, uint32_t vcpu)
{
    if (!machine->gic.config.its) {
        return;
    }
    for (uint32_t i = 0; i < machine->vcpus; i++) {
        uint64_t frame = GUEST_GICR_BASE + i * GUEST_GICR_SIZE_PER_VCPU;
        machine_write(machine, vcpu, frame + 0x70, 8, (GUEST_RAM_BASE + 0x10000) | 13);
        machine_write(machine, vcpu, frame + 0x78, 8, (GUEST_RAM_BASE + 0x20000) | 1ull << 62);
        machine_write(machine, vcpu, frame, 4, 1);
    }
    machine_write(machine, vcpu, GUEST_ITS_BASE + 0x80, 8, 1ull << 63 | (GUEST_RAM_BASE + 0x40000));
    machine_write(machine, vcpu, GUEST_ITS_BASE + 0x100, 8, 1ull << 63 | (GUEST_RAM_BASE + 0x50000) | 7);
    machine_write(machine, vcpu, GUEST_ITS_BASE, 4, 1);
    machine_write(machine, vcpu, GUEST_GICD_BASE, 4, 3);
    memset(&machine->ram[0x10000], 0xa1, GIC_LPIS);
}

static void command(struct machine *machine, struct stream *stream, uint32_t vcpu)
{
    uint64_t words[4];
    if (!machine->gic.config.its) {
        return;
    }
    uint32_t kind = (uint32_t)take(stream, 1);
    uint32_t device = (uint32_t)take(stream, 1) & 0x3;
    uint32_t event = (uint32_t)take(stream, 1) & 0x3f;
    words[0] = (kind & 15) | (uint64_t)device << 32;
    words[1] = event | (uint64_t)(GIC_FIRST_LPI + event) << 32;
    words[2] = (kind & 15) == 8 ? (GUEST_RAM_BASE + 0x60000 + device * 0x1000u) : (take(stream, 1) & 3u) * 0x10001u;
    words[2] |= (uint64_t)((kind & 0x40) == 0) << 63;
    words[3] = (take(stream, 1) & 3u) << 16;
    words[1] = (kind & 15) == 8 ? 5 : words[1];
    if ((kind & 0x80) != 0) {
        words[kind >> 4 & 3] ^= take(stream, 8);
    }
    uint64_t at = machine_read(machine, vcpu, GUEST_ITS_BASE + 0x88, 8) & 0xfe0;
    memcpy(&machine->ram[0x40000 + at], words, sizeof(words));
    machine_write(machine, vcpu, GUEST_ITS_BASE + 0x88, 8, ((at + 32) & 0xfe0) | (kind >> 5 & 1));
}

static void kernels_timer(struct machine *machine, struct stream *stream, uint32_t vcpu)
{
    uint64_t *free = NULL;
    uint64_t *list = machine->cpus[vcpu].page.list;
    if ((take(stream, 1) & 1) == 0) {
        machine->current = vcpu;
        gic_set_ppi(&machine->gic, vcpu, GUEST_PPI_VIRTUAL_TIMER, (take(stream, 1) & 1) != 0);
        machine->current = GIC_NO_VCPU;
        machine_exit(machine, vcpu);
        return;
    }
    for (uint32_t i = 0; i < machine->lists; i++) {
        if ((list[i] & LR_STATE) != 0 && (uint32_t)list[i] == GUEST_PPI_VIRTUAL_TIMER) {
            return;
        }
        free = (list[i] & LR_STATE) == 0 ? &list[i] : free;
    }
    if (free != NULL && (machine->cpus[vcpu].page.private_enabled >> GUEST_PPI_VIRTUAL_TIMER & 1) != 0) {
        *free =
            LR_PENDING | LR_HARDWARE | LR_GROUP1 | (uint64_t)GUEST_PPI_VIRTUAL_TIMER << 32 | GUEST_PPI_VIRTUAL_TIMER;
    }
}

static void reset(struct machine *machine)
{
    machine->deaf = false;
    machine_settle(machine);
    for (uint32_t i = 0; i < machine->vcpus; i++) {
        machine_sleep(machine, i);
    }
    gic_reset(&machine->gic);
    for (uint32_t i = 0; i < machine->vcpus; i++) {
        machine->cpus[i].depth = 0;
        machine->cpus[i].end_count = 0;
        machine_wake(machine, i);
    }
}

static void operate(struct machine *machine, struct stream *stream, uint32_t op, uint32_t vcpu)
{
    struct machine_cpu *cpu = &machine->cpus[vcpu];
    switch (op) {
    case OP_READ:
    case OP_WRITE:
    case OP_WRITE_KNOWN:
        access(machine, stream, vcpu, op);
        break;
    case OP_SYSTEM_REGISTER: {
        uint32_t which = (uint32_t)take(stream, 1) % 3;
        machine_system_register(machine, vcpu, which, take(stream, 8));
        break;
    }
    case OP_LINE: {
        uint32_t line = (uint32_t)take(stream, 2);
        if ((line & 0x4000) != 0) {
            machine_line_by(machine, vcpu, line & 0x1ff, (line & 0x8000) != 0);
        } else {
            machine_line(machine, line & 0x1ff, (line & 0x8000) != 0);
        }
        break;
    }
    case OP_PPI: {
        uint32_t ppi = (uint32_t)take(stream, 1);
        gic_set_ppi(&machine->gic, vcpu, ppi & 0x3f, (ppi & 0x80) != 0);
        break;
    }
    case OP_MSI: {
        uint32_t device = (uint32_t)take(stream, 1);
        machine_msi(machine, device, (uint32_t)take(stream, 1));
        break;
    }
    case OP_COMMAND:
        command(machine, stream, vcpu);
        break;
    case OP_RAM: {
        uint64_t at = take(stream, 3) % (MACHINE_RAM_SIZE - 8);
        uint64_t value = take(stream, 8);
        memcpy(&machine->ram[at], &value, 8);
        break;
    }
    case OP_ACKNOWLEDGE: {
        uint32_t intid = machine_acknowledge(machine, vcpu);
        if (intid != NOTHING) {
            assert_true(cpu->depth < 64);
            stream->intids[vcpu][cpu->depth - 1] = intid;
        }
        break;
    }
    case OP_END:
        if (cpu->depth > 0) {
            machine_end(machine, vcpu, stream->intids[vcpu][cpu->depth - 1]);
        }
        break;
    case OP_SLEEP:
        machine_sleep(machine, vcpu);
        break;
    case OP_KERNEL_SGI:
        machine_kernel_sgi(machine, vcpu, (uint32_t)take(stream, 1) % machine->vcpus, (uint32_t)take(stream, 1) % 16);
        break;
    case OP_TIMER:
        kernels_timer(machine, stream, vcpu);
        break;
    case OP_MASK:
        cpu->page.vmcr = (uint32_t)take(stream, 4);
        break;
    case OP_DEAF:
        machine->deaf = (take(stream, 1) & 1) != 0;
        machine_settle(machine);
        break;
    case OP_RESET:
        reset(machine);
        break;
    case OP_SET_UP_LPIS:
        set_up_lpis(machine, vcpu);
        break;
    default:
        break;
    }
}

void gic_stream_play(struct machine *machine, const uint8_t *bytes, size_t size)
{
    struct stream stream = {.bytes = bytes, .left = size};
    uint32_t kind = (uint32_t)take(&stream, 1);
    uint32_t version = (kind & 1) != 0 ? 3 : 2;
    uint32_t vcpus = 1 + (uint32_t)take(&stream, 1) % (version == 2 ? GIC_V2_VCPUS : VM_MAX_VCPUS);
    static const uint32_t lists[] = {4, 4, 1, 2, 3, 8, 16, 4};
    machine_create_with_lists(machine, version, vcpus, version == 3 && (kind & 2) == 0, lists[kind >> 2 & 7]);
    while (stream.left > 0) {
        uint32_t op = (uint32_t)take(&stream, 1) % OP_COUNT;
        uint32_t vcpu = (uint32_t)take(&stream, 1) % vcpus;
        if (!machine->cpus[vcpu].running) {
            machine_wake(machine, vcpu);
        }
        operate(machine, &stream, op, vcpu);
        check(machine);
    }
    machine->deaf = false;
    machine_settle(machine);
    check(machine);
}
