/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct fake_kernel kernel;

void fake_kernel_reset(void)
{
    memset(&kernel, 0, sizeof(kernel));
    seL4_Word *values = (seL4_Word *)&kernel.thread;
    for (size_t i = 0; i < sizeof(kernel.thread) / sizeof(*values); i++) {
        values[i] = 0x1000 + i;
    }
}

/* As the real ones: what a message held is gone after any invocation. */
static void invoke(seL4_Word cap, seL4_Word base)
{
    assert_int_equal(cap, base + FAKE_CHILD);
    memset(kernel.message, 0xee, sizeof(kernel.message));
}

seL4_Word microkit_mr_get(unsigned int index)
{
    return kernel.message[index];
}

microkit_msginfo microkit_msginfo_get_label(microkit_msginfo message)
{
    return message;
}

void microkit_vcpu_stop(microkit_child child)
{
    invoke(BASE_VM_TCB_CAP + child, BASE_VM_TCB_CAP);
    kernel.running = false;
    kernel.stops++;
}

seL4_Word microkit_vcpu_arm_read_reg(microkit_child child, seL4_Word reg)
{
    invoke(BASE_VCPU_CAP + child, BASE_VCPU_CAP);
    assert_in_range(reg, 1, FAKE_VCPU_REGISTERS - 1);
    kernel.timer_reads += reg == seL4_VCPUReg_CNTV_CTL;
    return kernel.vcpu[reg];
}

void microkit_vcpu_arm_write_reg(microkit_child child, seL4_Word reg, seL4_Word value)
{
    invoke(BASE_VCPU_CAP + child, BASE_VCPU_CAP);
    assert_in_range(reg, 1, FAKE_VCPU_REGISTERS - 1);
    kernel.vcpu[reg] = value;
}

void microkit_vcpu_arm_ack_vppi(microkit_child child, seL4_Word irq)
{
    invoke(BASE_VCPU_CAP + child, BASE_VCPU_CAP);
    assert_int_equal(irq, 27);
    kernel.acknowledged++;
}

seL4_Error seL4_TCB_ReadRegisters(seL4_Word cap, seL4_Bool suspend, seL4_Uint8 flags, seL4_Word count,
                                  seL4_UserContext *registers)
{
    invoke(cap, BASE_VM_TCB_CAP);
    assert_int_equal(suspend, seL4_False);
    assert_int_equal(flags, 0);
    assert_in_range(count, 1, sizeof(*registers) / sizeof(seL4_Word));
    memset(registers, 0xdd, sizeof(*registers));
    memcpy(registers, &kernel.thread, count * sizeof(seL4_Word));
    kernel.reads++;
    kernel.registers_read += (unsigned int)count;
    return seL4_NoError;
}

seL4_Error seL4_TCB_WriteRegisters(seL4_Word cap, seL4_Bool resume, seL4_Uint8 flags, seL4_Word count,
                                   seL4_UserContext *registers)
{
    invoke(cap, BASE_VM_TCB_CAP);
    assert_int_equal(flags, 0);
    assert_in_range(count, 1, sizeof(*registers) / sizeof(seL4_Word));
    memcpy(&kernel.thread, registers, count * sizeof(seL4_Word));
    kernel.writes++;
    kernel.registers_written += (unsigned int)count;
    kernel.running = kernel.running || resume;
    return seL4_NoError;
}

seL4_Error seL4_TCB_Resume(seL4_Word cap)
{
    invoke(cap, BASE_VM_TCB_CAP);
    kernel.running = true;
    kernel.resumes++;
    return seL4_NoError;
}

seL4_Error seL4_ARM_VCPU_InjectIRQ(seL4_Word cap, seL4_Uint16 intid, seL4_Uint8 priority, seL4_Uint8 group,
                                   seL4_Uint8 index)
{
    invoke(cap, BASE_VCPU_CAP);
    assert_in_range(intid, 0, 1023);
    assert_in_range(priority, 0, 31);
    assert_in_range(group, 0, 1);
    assert_in_range(index, 0, FAKE_LISTS - 1);
    if (kernel.refuses[index]) {
        return seL4_DeleteFirst;
    }
    /* The same interrupt in two list registers is unpredictable (Arm IHI 0048B, 5.2.2). */
    for (unsigned int i = 0; i < FAKE_LISTS; i++) {
        assert_true(i == index || kernel.list[i] != intid);
    }
    kernel.list[index] = intid;
    kernel.priority[index] = priority;
    kernel.group[index] = group;
    kernel.injections++;
    return seL4_NoError;
}
