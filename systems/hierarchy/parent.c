/* SPDX-License-Identifier: BSD-2-Clause */
/* A parent of two children: one that faults, one that it stops and resumes. */
#include <microkit.h>

#include <processor.h>

#include "../common/report.h"

#define CRASHER 1
#define WORKER  2

#define WORKER_CHANNEL  5
#define CRASHER_CHANNEL 6
#define STARTER_CHANNEL 7

static unsigned int faults;
static unsigned int answers;

void init(void)
{
    report("start");
}

/* --- The crasher --- */

static bool memory_fault(microkit_msginfo info, seL4_Word address, bool write)
{
    return microkit_msginfo_get_label(info) == seL4_Fault_VMFault &&
           microkit_msginfo_get_count(info) == seL4_VMFault_Length && microkit_mr_get(seL4_VMFault_Addr) == address &&
           microkit_mr_get(seL4_VMFault_PrefetchFault) == 0 &&
           fault_is_write(microkit_mr_get(seL4_VMFault_FSR)) == write && microkit_mr_get(seL4_VMFault_IP) >= 0x200000 &&
           microkit_mr_get(seL4_VMFault_IP) < 0x300000;
}

/* The third fault: a load whose address register is wrong. */
static void repair_load(microkit_msginfo info)
{
    check(memory_fault(info, 0x666000, false), "third fault is the load");
    seL4_Word ip = microkit_mr_get(seL4_VMFault_IP);
    seL4_UserContext registers = {0};
    seL4_Error error = seL4_TCB_ReadRegisters(BASE_TCB_CAP + CRASHER, seL4_False, 0, CONTEXT_WORDS, &registers);
    check(error == seL4_NoError && context_ip(&registers) == ip && *context_address_register(&registers) == 0x666000,
          "registers of a faulted child");
    *context_address_register(&registers) = 0x3000008;
    error = seL4_TCB_WriteRegisters(BASE_TCB_CAP + CRASHER, seL4_True, 0, CONTEXT_WORDS, &registers);
    check(error == seL4_NoError, "registers written");
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    if (child != CRASHER) {
        report("WRONG fault of child %u", child);
        return seL4_False;
    }
    switch (++faults) {
    case 1:
    case 2:
        check(memory_fault(info, 0x123000, true), "fault of the crasher");
        microkit_pd_restart(child, 0x200000);
        return seL4_False;
    case 3:
        repair_load(info);
        return seL4_False;
    case 4:
        check(microkit_msginfo_get_label(info) == seL4_Fault_UserException &&
                  is_invalid_instruction(microkit_mr_get(seL4_UserException_Number)),
              "invalid instruction");
        /* The reply's registers replace the child's: behind the instruction. */
        microkit_mr_set(seL4_UserException_FaultIP,
                        microkit_mr_get(seL4_UserException_FaultIP) + INVALID_INSTRUCTION_SIZE);
        *reply = microkit_msginfo_new(0, 1);
        return seL4_True;
    case 5:
        check(memory_fault(info, 0x124000, true), "fault in notified");
        microkit_pd_stop(child);
        report("crasher left stopped");
        return seL4_False;
    default:
        report("WRONG fault number %u", faults);
        return seL4_False;
    }
}

/* --- The worker, which has a lower priority: it answers when we wait. --- */

void notified(microkit_channel ch)
{
    switch (ch) {
    case STARTER_CHANNEL:
        /* The starter has the lowest priority: everyone else waits now. */
        check(faults == 4, "four faults before anyone waited");
        check(answers == 0, "no answer without question");
        microkit_notify(WORKER_CHANNEL);
        microkit_notify(CRASHER_CHANNEL);
        break;
    case WORKER_CHANNEL:
        answers++;
        if (answers == 1) {
            microkit_pd_stop(WORKER);
            microkit_notify(WORKER_CHANNEL);
            seL4_UserContext registers = {0};
            check(seL4_TCB_ReadRegisters(BASE_TCB_CAP + WORKER, seL4_False, 0, 2, &registers) == seL4_NoError &&
                      context_ip(&registers) >= 0x200000 && context_ip(&registers) < 0x300000 &&
                      context_sp(&registers) > FIRST_STACK && context_third_is_zero(&registers),
                  "two registers of a stopped child");
            report("worker stopped");
            /* The starter asks again, twice; meanwhile no answer may come. */
            microkit_notify(STARTER_CHANNEL);
        } else if (answers == 2) {
            seL4_UserContext registers = {0};
            check(seL4_TCB_ReadRegisters(BASE_TCB_CAP + WORKER, seL4_False, 0, 0, &registers) == seL4_RangeError,
                  "no registers is out of range");
            check(seL4_TCB_Suspend(BASE_TCB_CAP + 3) == seL4_InvalidCapability, "no child of that id");
            report("passed");
        }
        break;
    default:
        report("WRONG notification %u", ch);
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo info)
{
    (void)ch;
    (void)info;
    check(answers == 1, "a stopped child does not answer");
    microkit_pd_resume(WORKER);
    return microkit_msginfo_new(0, 0);
}
