/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the other CPUs: INIT, start-up, start-up (Intel SDM volume 3, section 9.4.4). */
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/apic.h>
#include <loader_arch/cpu.h>
#include <loader_arch/delay.h>
#include <loader_arch/exceptions.h>
#include <skyscope/types.h>

#define ANSWER_TIME_US 20000000u
#define ANSWER_STEP_US 100u

#define TRAMPOLINE_LIMIT 0xa0000ull

extern const char trampoline_start[];
extern const uint32_t trampoline_size;

/* Written for, or by, the CPU that is being started; read in entry.S. */
extern volatile uint32_t ap_online, ap_release;
extern volatile uint64_t handoff_boot_info, handoff_entry;
volatile uint32_t ap_online, ap_release;
volatile uint64_t handoff_boot_info, handoff_entry;
static volatile uint32_t ap_index;
static volatile uint32_t ap_x2apic;

__attribute__((noreturn)) void enter_kernel(uint32_t index);
uint32_t ap_main(void);

/* On the new CPU, on the stack that all share one after the other. */
uint32_t ap_main(void)
{
    exceptions_load();
    lapic_enable(ap_x2apic != 0);
    return ap_index;
}

static bool wait_for_answer(uint32_t microseconds)
{
    for (uint32_t waited = 0; waited < microseconds; waited += ANSWER_STEP_US) {
        if (ap_online != 0) {
            return true;
        }
        delay_microseconds(ANSWER_STEP_US);
    }
    return ap_online != 0;
}

static bool start_cpu(uint32_t apic_id, uint64_t trampoline)
{
    if (!lapic_send_init(apic_id)) {
        return false;
    }
    delay_microseconds(10000);
    lapic_send_startup(apic_id, trampoline);
    if (wait_for_answer(200)) {
        return true;
    }
    lapic_send_startup(apic_id, trampoline);
    return wait_for_answer(ANSWER_TIME_US);
}

/* A page that real mode can reach and that is not the payload's. Whatever else lies
 * in it is put back afterwards. */
static uint64_t find_trampoline(const struct hardware_info *hardware, const struct memory_map *map)
{
    for (uint64_t page = TRAMPOLINE_LIMIT - PAGE_SIZE_4K; page >= PAGE_SIZE_4K; page -= PAGE_SIZE_4K) {
        bool in_payload = page + PAGE_SIZE_4K > hardware->payload_address &&
                          page < hardware->payload_address + hardware->payload_size;
        if (!in_payload && memory_map_is(map, page, PAGE_SIZE_4K, HARDWARE_MEMORY_USABLE)) {
            return page;
        }
    }
    loader_fail("no memory below 640 KiB to start the other CPUs from");
}

void cpus_start(const struct hardware_info *hardware, uint32_t count, const struct memory_map *map)
{
    uint64_t trampoline = find_trampoline(hardware, map);
    static uint8_t kept[PAGE_SIZE_4K];
    void *page = (void *)(uintptr_t)trampoline;
    ap_x2apic = hardware->arch.x2apic;
    lapic_enable(ap_x2apic != 0); /* only so all of them can be reached */
    memcpy(kept, page, sizeof(kept));
    memcpy(page, trampoline_start, trampoline_size);
    for (uint32_t i = 1; i < count; i++) {
        ap_index = i;
        ap_online = 0;
        if (!start_cpu(hardware->cpus[i].apic_id, trampoline)) {
            loader_fail("CPU %u (APIC id %u) does not start", i, hardware->cpus[i].apic_id);
        }
    }
    memcpy(page, kept, sizeof(kept));
}

void cpus_enter_kernel(const struct boot_info *boot_info, uint64_t entry)
{
    const struct hardware_info *hardware = (const struct hardware_info *)(uintptr_t)boot_info->hardware_physical;
    lapic_enable(hardware->arch.x2apic != 0);
    handoff_boot_info = (uintptr_t)boot_info;
    handoff_entry = entry;
    ap_release = 1;
    enter_kernel(0);
}
