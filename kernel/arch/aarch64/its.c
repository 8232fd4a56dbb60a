/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/gic.h>
#include <arch/its.h>
#include <arch/page_table.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <kernel/system.h>

#include "its_command.h"

#define GITS_CTLR       0x000u
#define GITS_TYPER      0x008u
#define GITS_CBASER     0x080u
#define GITS_CWRITER    0x088u
#define GITS_CREADR     0x090u
#define GITS_BASER      0x100u
#define GITS_BASERS     8u
#define GITS_SIZE       0x10000u
#define GITS_TRANSLATER 0x10040u

#define CTLR_ENABLE    1u
#define CTLR_QUIESCENT (1u << 31)
#define CREADR_STALLED 1ull

#define TYPER_PHYSICAL_TARGETS   (1ull << 19)
#define TYPER_ENTRY_SIZE(typer)  (((typer) >> 4 & 15) + 1)
#define TYPER_DEVICE_BITS(typer) (((typer) >> 13 & 31) + 1)

#define BASER_TYPE(baser)       ((baser) >> 56 & 7)
#define BASER_DEVICES           1u
#define BASER_COLLECTIONS       4u
#define BASER_ENTRY_SIZE(baser) (((baser) >> 48 & 31) + 1)
#define BASER_INDIRECT          (1ull << 62)
#define BASER_PAGE_SHIFT        8u
#define BASER_MAX_PAGES         256u
/* Valid; inner write-back, inner shareable. */
#define TABLE_ATTRIBUTES        (1ull << 63 | 7ull << 59 | 1ull << 10)

#define COMMAND_BYTES PAGE_SIZE_4K
#define EVENT_BITS    8u
_Static_assert(1u << EVENT_BITS == ITS_EVENTS_PER_DEVICE, "bits of events");
#define DEVICE_IDS 0x10000u

#define GICR_CTLR        0x00u
#define GICR_TYPER       0x08u
#define GICR_PROPBASER   0x70u
#define GICR_PENDBASER   0x78u
#define GICR_ENABLE_LPIS 1u
/* INTIDs of 14 bits: LPIs 8192..16383. */
#define LPI_ID_BITS      14u
#define LPI_COUNT        8192u
#define PENDING_BYTES    (1u << LPI_ID_BITS >> 3)
#define PENDING_ALIGN    0x10000u
#define PENDING_ZERO     (1ull << 62)
#define LPI_ATTRIBUTES   (7ull << 7 | 1ull << 10)
#define LPI_ENABLED      3u /* bit 1 is always 1 */

#define MAX_POLLS 1000000

static struct {
    volatile uint32_t *registers; /* NULL: not in use */
    uint64_t typer;
    uint8_t *commands;
    uint64_t command_offset;
    uint64_t *device_table; /* of the first level, if there are two */
    uint64_t device_page;   /* bytes of a second-level table; 0: one level */
    uint64_t device_entry;  /* bytes */
    uint8_t *properties;
    uint32_t device_count, lpi_count;
    uint16_t devices[PLAN_MAX_IRQS];    /* those that are mapped */
    uint64_t targets[PLAN_MAX_CPUS];    /* redistributor, as commands name it */
    bool has_collection[PLAN_MAX_CPUS]; /* a collection of the CPU's number */
} its;

static volatile uint64_t *wide(volatile uint32_t *registers, uint32_t offset)
{
    return (volatile uint64_t *)(volatile void *)&registers[offset / 4];
}

static void *make_table(uint64_t size, uint64_t alignment)
{
    void *table = pool_alloc(size, alignment);
    cache_publish(table, size);
    return table;
}

static void submit(struct its_command command)
{
    struct its_command *slot = (struct its_command *)(void *)(its.commands + its.command_offset);

    *slot = command;
    cache_publish(slot, sizeof(*slot));
    its.command_offset = (its.command_offset + sizeof(*slot)) % COMMAND_BYTES;
    *wide(its.registers, GITS_CWRITER) = its.command_offset;
    for (int i = 0; i < MAX_POLLS; i++) {
        uint64_t reader = *wide(its.registers, GITS_CREADR);
        if ((reader & CREADR_STALLED) != 0) {
            break;
        }
        if (reader == its.command_offset) {
            return;
        }
    }
    kernel_refuse("the interrupt controller's ITS does not carry out command 0x%llx",
                  (unsigned long long)(command.words[0] & 0xff));
}

/* Bytes of a page that this register can have: what is tried first may not stick. */
static uint64_t choose_page(volatile uint64_t *baser, uint64_t *page_field)
{
    static const uint64_t sizes[] = {0x1000, 0x4000, 0x10000};

    *baser = *baser & ~(3ull << BASER_PAGE_SHIFT);
    *page_field = *baser >> BASER_PAGE_SHIFT & 3;
    return sizes[*page_field < 3 ? *page_field : 2];
}

static void make_devices(volatile uint64_t *baser)
{
    uint64_t ids = 1ull << TYPER_DEVICE_BITS(its.typer);
    uint64_t entry = BASER_ENTRY_SIZE(*baser);
    uint64_t page_field;
    uint64_t page = choose_page(baser, &page_field);

    ids = ids < DEVICE_IDS ? ids : DEVICE_IDS;
    its.device_entry = entry;
    *baser |= BASER_INDIRECT;
    uint64_t size = ids * entry;
    if ((*baser & BASER_INDIRECT) != 0) {
        its.device_page = page;
        size = (ids + page / entry - 1) / (page / entry) * sizeof(uint64_t);
    }
    uint64_t pages = (size + page - 1) / page;
    if (pages > BASER_MAX_PAGES) {
        kernel_refuse("the interrupt controller's ITS wants a table of 0x%llx bytes", (unsigned long long)size);
    }
    its.device_table = make_table(pages * page, page);
    *baser = TABLE_ATTRIBUTES | (its.device_page != 0 ? BASER_INDIRECT : 0) | pool_hpa(its.device_table).value |
             page_field << BASER_PAGE_SHIFT | (pages - 1);
}

static void make_collections(volatile uint64_t *baser)
{
    uint64_t page_field;
    uint64_t page = choose_page(baser, &page_field);
    uint64_t pages = (PLAN_MAX_CPUS * BASER_ENTRY_SIZE(*baser) + page - 1) / page;

    *baser = TABLE_ATTRIBUTES | pool_hpa(make_table(pages * page, page)).value | page_field << BASER_PAGE_SHIFT |
             (pages - 1);
}

static void init(void)
{
    const struct hardware_its *hardware = &kernel_system.hardware->arch.its[0];

    its.registers = page_table_map_device(HPA(hardware->address), GITS_SIZE);
    its.registers[GITS_CTLR / 4] = 0;
    for (int i = 0; i < MAX_POLLS && (its.registers[GITS_CTLR / 4] & CTLR_QUIESCENT) == 0; i++) {
        cpu_pause();
    }
    its.typer = *wide(its.registers, GITS_TYPER);
    for (uint32_t i = 0; i < GITS_BASERS; i++) {
        volatile uint64_t *baser = wide(its.registers, GITS_BASER + 8 * i);
        if (BASER_TYPE(*baser) == BASER_DEVICES) {
            make_devices(baser);
        } else if (BASER_TYPE(*baser) == BASER_COLLECTIONS) {
            make_collections(baser);
        }
    }
    its.properties = make_table(LPI_COUNT, PAGE_SIZE_4K);
    its.commands = make_table(COMMAND_BYTES, PAGE_SIZE_4K);
    *wide(its.registers, GITS_CBASER) = TABLE_ATTRIBUTES | pool_hpa(its.commands).value;
    *wide(its.registers, GITS_CWRITER) = 0;
    its.registers[GITS_CTLR / 4] = CTLR_ENABLE;
}

/* This CPU takes LPIs, and has a collection. */
static void add_cpu(uint32_t cpu)
{
    volatile uint32_t *redistributor = NULL;
    uint64_t address = gicv3_redistributor_address(cpu, &redistributor);

    if (address == 0) {
        kernel_refuse("CPU %u has no redistributor", cpu);
    }
    if ((redistributor[GICR_CTLR / 4] & GICR_ENABLE_LPIS) != 0) {
        kernel_refuse("CPU %u: the firmware has its redistributor take LPIs, which cannot be undone", cpu);
    }
    *wide(redistributor, GICR_PROPBASER) = LPI_ATTRIBUTES | pool_hpa(its.properties).value | (LPI_ID_BITS - 1);
    *wide(redistributor, GICR_PENDBASER) =
        LPI_ATTRIBUTES | PENDING_ZERO | pool_hpa(make_table(PENDING_BYTES, PENDING_ALIGN)).value;
    redistributor[GICR_CTLR / 4] |= GICR_ENABLE_LPIS;
    dsb_sy();
    its.targets[cpu] =
        (its.typer & TYPER_PHYSICAL_TARGETS) != 0 ? address : (*wide(redistributor, GICR_TYPER) >> 8 & 0xffff) << 16;
    its.has_collection[cpu] = true;
    submit(its_map_collection(cpu, its.targets[cpu]));
    submit(its_synchronise(its.targets[cpu]));
}

static void add_device(uint16_t device, uint32_t cpu)
{
    for (uint32_t i = 0; i < its.device_count; i++) {
        if (its.devices[i] == device) {
            return;
        }
    }
    if (device >> TYPER_DEVICE_BITS(its.typer) != 0) {
        kernel_refuse("the interrupt controller's ITS knows no device 0x%x", device);
    }
    if (its.device_page != 0) {
        uint64_t *entry = &its.device_table[device / (its.device_page / its.device_entry)];
        if (*entry == 0) {
            *entry = ITS_VALID | pool_hpa(make_table(its.device_page, its.device_page)).value;
            cache_publish(entry, sizeof(*entry));
        }
    }
    its.devices[its.device_count++] = device;
    void *table = make_table(ITS_EVENTS_PER_DEVICE * TYPER_ENTRY_SIZE(its.typer), 256);
    submit(its_map_device(device, pool_hpa(table).value, EVENT_BITS));
    submit(its_synchronise(its.targets[cpu]));
}

uint32_t its_route(uint16_t device, uint32_t event, uint32_t cpu, uint8_t priority)
{
    if (its.registers == NULL) {
        init();
    }
    if (!its.has_collection[cpu]) {
        add_cpu(cpu);
    }
    add_device(device, cpu);
    uint32_t intid = GIC_FIRST_LPI + its.lpi_count;
    its.properties[its.lpi_count] = (uint8_t)((priority & 0xfcu) | LPI_ENABLED);
    cache_publish(&its.properties[its.lpi_count], 1);
    its.lpi_count++;
    submit(its_map_event(device, event, intid, cpu));
    submit(its_invalidate(device, event));
    submit(its_synchronise(its.targets[cpu]));
    return intid;
}

uint64_t its_doorbell(void)
{
    return kernel_system.hardware->arch.its[0].address + GITS_TRANSLATER;
}
