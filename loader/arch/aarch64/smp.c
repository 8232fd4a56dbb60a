/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the other CPUs by PSCI, one after the other: they share a stack. */
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <loader_arch/gic.h>
#include <loader_arch/psci.h>

#define ANSWER_TIME_US 20000000u
#define ANSWER_STEP_US 10u

/* Written for, or by, the CPU that is being started; used in entry.S. online: its index plus 1. */
extern uint32_t secondary_online, secondary_release;
extern uint64_t handoff_boot_info, handoff_entry;
uint32_t secondary_online, secondary_release;
uint64_t handoff_boot_info, handoff_entry;

extern const char secondary_entry[];
__attribute__((noreturn)) void enter_kernel(uint32_t index);
void secondary_main(void);

/* On the new CPU, on the stack that all share one after the other. */
void secondary_main(void)
{
    interrupts_quiesce_cpu();
}

static bool wait_for_answer(uint32_t index)
{
    for (uint32_t waited = 0; waited < ANSWER_TIME_US; waited += ANSWER_STEP_US) {
        if (__atomic_load_n(&secondary_online, __ATOMIC_ACQUIRE) == index + 1) {
            return true;
        }
        delay_microseconds(ANSWER_STEP_US);
    }
    return false;
}

void cpus_start(const struct hardware_info *hardware, uint32_t count, const struct memory_map *map)
{
    (void)map;
    /* They begin with their MMU off, and see what is in memory. */
    caches_clean(loader_image_start(), loader_image_end() - loader_image_start());
    for (uint32_t i = 1; i < count; i++) {
        uint64_t mpidr = hardware->cpus[i].mpidr;
        int32_t error = psci_cpu_on(mpidr, (uintptr_t)secondary_entry, i);
        if (error != 0) {
            loader_fail("CPU %u (MPIDR 0x%llx) does not start: PSCI says: %s (%d)", i, (unsigned long long)mpidr,
                        psci_error_text(error), error);
        }
        if (!wait_for_answer(i)) {
            loader_fail("CPU %u (MPIDR 0x%llx) does not start: no answer", i, (unsigned long long)mpidr);
        }
    }
}

void cpus_enter_kernel(const struct boot_info *boot_info, uint64_t entry)
{
    handoff_boot_info = (uintptr_t)boot_info;
    handoff_entry = entry;
    /* All that the loader wrote in its own image, boot_info and hardware_info among it. */
    caches_clean(loader_image_start(), loader_image_end() - loader_image_start());
    __atomic_store_n(&secondary_release, 1, __ATOMIC_RELEASE);
    memory_barrier();
    __asm__ volatile("sev");
    enter_kernel(0);
}
