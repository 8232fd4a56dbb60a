/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream table of two levels where there is one, so that the streams of a PCI segment
 * cost little: a first-level entry that is 0 refuses its streams. Else a linear table of
 * the first bus. Streams of neither are refused by the hardware as out of range.
 */
#include <arch/cache.h>
#include <arch/gic.h>
#include <arch/page_table.h>
#include <arch/smmu.h>
#include <kernel/log.h>
#include <kernel/pool.h>

#include "smmu_format.h"

#define SMMU_IDR0            0x00u
#define SMMU_IDR1            0x04u
#define SMMU_IDR5            0x14u
#define SMMU_CR0             0x20u
#define SMMU_CR0ACK          0x24u
#define SMMU_CR1             0x28u
#define SMMU_CR2             0x2cu
#define SMMU_GBPA            0x44u
#define SMMU_IRQ_CTRL        0x50u
#define SMMU_GERROR          0x60u
#define SMMU_GERRORN         0x64u
#define SMMU_STRTAB_BASE     0x80u
#define SMMU_STRTAB_BASE_CFG 0x88u
#define SMMU_CMDQ_BASE       0x90u
#define SMMU_CMDQ_PROD       0x98u
#define SMMU_CMDQ_CONS       0x9cu
#define SMMU_EVENTQ_BASE     0xa0u
#define SMMU_EVENTQ_IRQ_CFG0 0xb0u
#define SMMU_EVENTQ_PROD     0x100a8u
#define SMMU_EVENTQ_CONS     0x100acu
#define SMMU_SIZE            0x20000u

#define IDR0_STAGE2             (1u << 0)
#define IDR0_AARCH64(idr0)      (((idr0) >> 2 & 2) != 0)
#define IDR5_PAGES_4K           (1u << 4)
#define IDR5_RANGE(idr5)        ((idr5)&7)
#define IDR0_TWO_LEVELS(idr0)   (((idr0) >> 27 & 3) == 1)
#define IDR1_STREAM_BITS(idr1)  ((idr1)&63)
#define IDR1_EVENT_BITS(idr1)   ((idr1) >> 16 & 31)
#define IDR1_COMMAND_BITS(idr1) ((idr1) >> 21 & 31)
#define IDR1_PRESET             (3u << 29)

#define CR0_ENABLE         (1u << 0)
#define CR0_EVENT_QUEUE    (1u << 2)
#define CR0_COMMANDS       (1u << 3)
#define CR1_CACHEABLE      0xd75u /* tables and queues: write-back, inner shareable */
#define CR2_RECORD_UNKNOWN (1u << 1)
#define GBPA_UPDATE        (1u << 31)
#define GBPA_ABORT         (1u << 20)
#define IRQ_EVENT_QUEUE    (1u << 2)
#define CONS_ERROR(cons)   ((cons) >> 24 & 127)
#define BASE_ALLOCATE      (1ull << 62)
#define TABLE_TWO_LEVELS   (1u << 16)

#define MAX_QUEUE_BITS 7u /* a page of commands is 256 */
#define MAX_POLLS      1000000
#define MAX_REPORTS    16u

struct smmu {
    volatile uint32_t *registers; /* NULL: not in use */
    uint64_t *first;              /* NULL: one level */
    struct smmu_stream *streams;  /* one level: of stream 0.. */
    uint32_t stream_count;
    struct smmu_command *commands;
    struct smmu_event *events;
    unsigned int command_bits, event_bits;
    uint32_t command_producer, event_consumer;
    uint32_t event_interrupt;
};

static struct smmu smmus[HARDWARE_MAX_SMMUS];
static uint32_t smmu_count;
static uint32_t reports;

static volatile uint64_t *wide(const struct smmu *smmu, uint32_t offset)
{
    return (volatile uint64_t *)(volatile void *)&smmu->registers[offset / 4];
}

static void *make_table(uint64_t size)
{
    uint64_t alignment = PAGE_SIZE_4K;

    /* Tables are aligned to their size. */
    while (alignment < size) {
        alignment *= 2;
    }
    void *table = pool_alloc(size, alignment);
    cache_publish(table, size);
    return table;
}

static void wait_for(const struct smmu *smmu, uint32_t offset, uint32_t mask, uint32_t value, const char *what)
{
    for (int i = 0; i < MAX_POLLS; i++) {
        if ((smmu->registers[offset / 4] & mask) == value) {
            return;
        }
        cpu_pause();
    }
    kernel_refuse("SMMU %u does not %s", (uint32_t)(smmu - smmus), what);
}

static void set_control(const struct smmu *smmu, uint32_t value)
{
    smmu->registers[SMMU_CR0 / 4] = value;
    wait_for(smmu, SMMU_CR0ACK, CR0_ENABLE | CR0_EVENT_QUEUE | CR0_COMMANDS, value, "change its mode");
}

static void submit(struct smmu *smmu, struct smmu_command command)
{
    struct smmu_command *slot = &smmu->commands[smmu->command_producer & ((1u << smmu->command_bits) - 1)];

    *slot = command;
    cache_publish(slot, sizeof(*slot));
    smmu->command_producer = smmu_queue_next(smmu->command_producer, smmu->command_bits);
    smmu->registers[SMMU_CMDQ_PROD / 4] = smmu->command_producer;
    wait_for(smmu, SMMU_CMDQ_CONS, (2u << smmu->command_bits) - 1, smmu->command_producer, "carry out a command");
    uint32_t error = CONS_ERROR(smmu->registers[SMMU_CMDQ_CONS / 4]);
    if (error != 0) {
        kernel_refuse("SMMU %u answers command 0x%llx with error %u", (uint32_t)(smmu - smmus),
                      (unsigned long long)(command.words[0] & 0xff), error);
    }
}

/* Every entry, valid or not, refuses. */
static void make_streams(struct smmu *smmu)
{
    uint32_t bits = IDR1_STREAM_BITS(smmu->registers[SMMU_IDR1 / 4]);
    void *table;

    if (IDR0_TWO_LEVELS(smmu->registers[SMMU_IDR0 / 4])) {
        bits = bits < SMMU_STREAM_BITS ? bits : SMMU_STREAM_BITS;
        smmu->first = make_table(SMMU_FIRST_ENTRIES * sizeof(*smmu->first));
        table = smmu->first;
        smmu->registers[SMMU_STRTAB_BASE_CFG / 4] = TABLE_TWO_LEVELS | SMMU_SPLIT << 6 | bits;
    } else {
        bits = bits < SMMU_SPLIT ? bits : SMMU_SPLIT;
        smmu->streams = make_table(sizeof(struct smmu_stream) << bits);
        table = smmu->streams;
        smmu->registers[SMMU_STRTAB_BASE_CFG / 4] = bits;
    }
    smmu->stream_count = 1u << bits;
    *wide(smmu, SMMU_STRTAB_BASE) = BASE_ALLOCATE | pool_hpa(table).value;
}

static unsigned int queue_bits(uint32_t most)
{
    return most < MAX_QUEUE_BITS ? most : MAX_QUEUE_BITS;
}

static void make_queues(struct smmu *smmu)
{
    uint32_t idr1 = smmu->registers[SMMU_IDR1 / 4];

    smmu->command_bits = queue_bits(IDR1_COMMAND_BITS(idr1));
    smmu->event_bits = queue_bits(IDR1_EVENT_BITS(idr1));
    smmu->commands = make_table(sizeof(*smmu->commands) << smmu->command_bits);
    smmu->events = make_table(sizeof(*smmu->events) << smmu->event_bits);
    *wide(smmu, SMMU_CMDQ_BASE) = BASE_ALLOCATE | pool_hpa(smmu->commands).value | smmu->command_bits;
    smmu->registers[SMMU_CMDQ_PROD / 4] = 0;
    smmu->registers[SMMU_CMDQ_CONS / 4] = 0;
    *wide(smmu, SMMU_EVENTQ_BASE) = BASE_ALLOCATE | pool_hpa(smmu->events).value | smmu->event_bits;
    smmu->registers[SMMU_EVENTQ_PROD / 4] = 0;
    smmu->registers[SMMU_EVENTQ_CONS / 4] = 0;
}

static void init(struct smmu *smmu, const struct hardware_smmu *hardware)
{
    smmu->registers = page_table_map_device(HPA(hardware->registers.address), SMMU_SIZE);
    if ((smmu->registers[SMMU_IDR1 / 4] & IDR1_PRESET) != 0) {
        kernel_refuse("SMMU %u has tables of its own, which are not supported", (uint32_t)(smmu - smmus));
    }
    /* While it is off, and even if it had been left on: nothing passes. */
    smmu->registers[SMMU_GBPA / 4] = GBPA_UPDATE | GBPA_ABORT;
    wait_for(smmu, SMMU_GBPA, GBPA_UPDATE, 0, "refuse accesses while it is off");
    set_control(smmu, 0);
    smmu->registers[SMMU_CR1 / 4] = CR1_CACHEABLE;
    smmu->registers[SMMU_CR2 / 4] = CR2_RECORD_UNKNOWN;
    make_streams(smmu);
    make_queues(smmu);
    set_control(smmu, CR0_COMMANDS);
    submit(smmu, smmu_forget_all_streams());
    submit(smmu, smmu_forget_el2_translations());
    submit(smmu, smmu_forget_translations());
    submit(smmu, smmu_synchronise());
    set_control(smmu, CR0_COMMANDS | CR0_EVENT_QUEUE);
    if (hardware->event_interrupt >= GIC_FIRST_SPI && hardware->event_interrupt < gic_spi_end()) {
        *wide(smmu, SMMU_EVENTQ_IRQ_CFG0) = 0; /* a wire, not a message */
        smmu->registers[SMMU_IRQ_CTRL / 4] = IRQ_EVENT_QUEUE;
        smmu->event_interrupt = hardware->event_interrupt;
        gic_route(hardware->event_interrupt, 0, gic_device_priority(0), true);
    }
    set_control(smmu, CR0_COMMANDS | CR0_EVENT_QUEUE | CR0_ENABLE);
}

void smmu_init(const struct hardware_arch *hardware)
{
    for (uint32_t i = 0; i < hardware->smmu_count; i++) {
        init(&smmus[i], &hardware->smmus[i]);
        smmu_count++;
    }
    if (smmu_count != 0) {
        kernel_log("smmu: %u; devices reach no memory unless a PD has their MSI\n", smmu_count);
    }
}

bool smmu_present(void)
{
    return smmu_count != 0;
}

static struct smmu_stream *entry_of(struct smmu *smmu, uint32_t stream)
{
    if (stream >= smmu->stream_count) {
        return NULL;
    }
    if (smmu->first == NULL) {
        return &smmu->streams[stream];
    }
    uint64_t *first = &smmu->first[stream >> SMMU_SPLIT];
    if (*first == 0) {
        void *table = make_table(sizeof(struct smmu_stream) * SMMU_SECOND_STREAMS);
        *first = smmu_first_entry(pool_hpa(table).value);
        cache_publish(first, sizeof(*first));
    }
    struct smmu_stream *second = pool_pointer(HPA(*first & SMMU_STREAM_ADDRESS));
    return &second[stream & (SMMU_SECOND_STREAMS - 1)];
}

static bool has_stage2(const struct smmu *smmu)
{
    uint32_t idr0 = smmu->registers[SMMU_IDR0 / 4];

    return (idr0 & IDR0_STAGE2) != 0 && IDR0_AARCH64(idr0) && (smmu->registers[SMMU_IDR5 / 4] & IDR5_PAGES_4K) != 0;
}

bool smmu_has_stage2(void)
{
    bool all = smmu_count != 0;

    for (uint32_t i = 0; i < smmu_count; i++) {
        all = all && has_stage2(&smmus[i]);
    }
    return all;
}

static void set_stream(struct smmu *smmu, uint16_t device, const struct smmu_stream *stream)
{
    struct smmu_stream *entry = entry_of(smmu, device);

    if (entry == NULL) {
        kernel_log("smmu: device %02x:%02x.%x is none of SMMU %u's streams\n", device >> 8, device >> 3 & 31u,
                   device & 7u, (uint32_t)(smmu - smmus));
        return;
    }
    /* Valid last: the SMMU may be reading. */
    struct smmu_stream unfinished = *stream;
    unfinished.words[0] = 0;
    *entry = unfinished;
    cache_publish(entry, sizeof(*entry));
    entry->words[0] = stream->words[0];
    cache_publish(entry, sizeof(*entry));
    submit(smmu, smmu_forget_stream(device));
    submit(smmu, smmu_synchronise());
}

void smmu_bypass(uint16_t device)
{
    const struct smmu_stream stream = smmu_bypass_stream();

    for (uint32_t i = 0; i < smmu_count; i++) {
        set_stream(&smmus[i], device, &stream);
    }
}

void smmu_translate(uint16_t device, hpa_t root, uint32_t vmid)
{
    uint64_t cpu_range = page_table_physical_range();

    for (uint32_t i = 0; i < smmu_count; i++) {
        uint64_t range = IDR5_RANGE(smmus[i].registers[SMMU_IDR5 / 4]);
        const struct smmu_stream stream = smmu_stage2_stream(root.value, vmid, range < cpu_range ? range : cpu_range);
        set_stream(&smmus[i], device, &stream);
    }
}

static void report(const struct smmu_event *event)
{
    uint32_t stream = smmu_event_stream(event);

    if (reports++ < MAX_REPORTS) {
        kernel_log("smmu: refused device %02x:%02x.%x access to 0x%llx (event 0x%x)\n", stream >> 8, stream >> 3 & 31u,
                   stream & 7u, (unsigned long long)smmu_event_address(event), smmu_event_kind(event));
    }
}

bool smmu_interrupt(uint32_t intid)
{
    bool found = false;

    for (uint32_t i = 0; i < smmu_count; i++) {
        struct smmu *smmu = &smmus[i];
        if (smmu->event_interrupt != intid) {
            continue;
        }
        found = true;
        /* At most a queue's length: a device that goes on will interrupt again. */
        for (uint32_t n = 0; n < 1u << smmu->event_bits; n++) {
            if (smmu_queue_empty(smmu->registers[SMMU_EVENTQ_PROD / 4], smmu->event_consumer, smmu->event_bits)) {
                break;
            }
            struct smmu_event *event = &smmu->events[smmu->event_consumer & ((1u << smmu->event_bits) - 1)];
            cache_publish(event, sizeof(*event));
            report(event);
            smmu->event_consumer = smmu_queue_next(smmu->event_consumer, smmu->event_bits);
        }
        /* With the producer's overflow flag acknowledged. */
        uint32_t overflow = smmu->registers[SMMU_EVENTQ_PROD / 4] & 1u << 31;
        smmu->registers[SMMU_EVENTQ_CONS / 4] = overflow | smmu->event_consumer;
    }
    return found;
}
