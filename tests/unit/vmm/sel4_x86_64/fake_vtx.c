/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_vtx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <vmcs.h>

struct fake_vtx vtx;

void fake_vtx_reset(void)
{
    memset(&vtx, 0, sizeof(vtx));
    seL4_Word *values = (seL4_Word *)&vtx.registers;
    for (size_t i = 0; i < sizeof(vtx.registers) / sizeof(*values); i++) {
        values[i] = 0x1000 + i;
    }
    vtx.vmcs[VMCS_RFLAGS] = 2;
}

void fake_vtx_exit(uint32_t reason, uint64_t qualification, uint32_t length, uint64_t physical)
{
    assert_true(vtx.on);
    vtx.vmcs[VMCS_ENTRY_EVENT] &= ~(seL4_Word)EVENT_VALID;
    const seL4_Word *values = (const seL4_Word *)&vtx.registers;
    vtx.message[SEL4_VMENTER_CALL_EIP_MR] = vtx.vmcs[VMCS_RIP];
    vtx.message[SEL4_VMENTER_CALL_CONTROL_PPC_MR] = vtx.vmcs[VMCS_PROCESSOR_CONTROLS];
    vtx.message[SEL4_VMENTER_CALL_INTERRUPT_INFO_MR] = vtx.vmcs[VMCS_ENTRY_EVENT];
    vtx.message[SEL4_VMENTER_FAULT_REASON_MR] = reason;
    vtx.message[SEL4_VMENTER_FAULT_QUALIFICATION_MR] = qualification;
    vtx.message[SEL4_VMENTER_FAULT_INSTRUCTION_LEN_MR] = length;
    vtx.message[SEL4_VMENTER_FAULT_GUEST_PHYSICAL_MR] = physical;
    vtx.message[SEL4_VMENTER_FAULT_RFLAGS_MR] = vtx.vmcs[VMCS_RFLAGS];
    vtx.message[SEL4_VMENTER_FAULT_GUEST_INT_MR] = vtx.vmcs[VMCS_INTERRUPTIBILITY];
    vtx.message[SEL4_VMENTER_FAULT_CR3_MR] = vtx.vmcs[VMCS_CR3];
    memcpy(&vtx.message[SEL4_VMENTER_FAULT_EAX], values, sizeof(vtx.registers));
    vtx.reads = vtx.writes = vtx.register_writes = 0;
}

/* As the real ones: what a message held is gone after any invocation. */
static void invoke(microkit_child child)
{
    assert_int_equal(child, FAKE_CHILD);
    memset(vtx.message, 0xee, sizeof(vtx.message));
}

/* What libmicrokit keeps itself, until the next entry. */
static bool is_local(seL4_Word field)
{
    return field == VMCS_RIP || field == VMCS_PROCESSOR_CONTROLS || field == VMCS_ENTRY_EVENT;
}

seL4_Word microkit_mr_get(seL4_Uint8 index)
{
    assert_in_range(index, 0, SEL4_VMENTER_NUM_FAULT_MSGS - 1);
    return vtx.message[index];
}

/* seL4 refuses fields that are not on its list; libmicrokit then crashes the program. */
seL4_Word microkit_vcpu_x86_read_vmcs(microkit_child child, seL4_Word field)
{
    assert_in_range(field, 0x800, FAKE_FIELDS - 1);
    if (!is_local(field)) {
        invoke(child);
        vtx.reads++;
    }
    return vtx.vmcs[field];
}

void microkit_vcpu_x86_write_vmcs(microkit_child child, seL4_Word field, seL4_Word value)
{
    assert_in_range(field, 0x800, FAKE_FIELDS - 1);
    assert_false(field >= VMCS_EXIT_EVENT && field < VMCS_ES_LIMIT); /* read only */
    if (!is_local(field)) {
        invoke(child);
        vtx.writes++;
    }
    vtx.vmcs[field] = value;
}

void microkit_vcpu_x86_write_msr(microkit_child child, seL4_Word index, seL4_Word value)
{
    invoke(child);
    assert_in_range(index, 0xc0000081, 0xc0000084);
    vtx.msr[index - 0xc0000081] = value;
}

void microkit_vcpu_x86_write_regs(microkit_child child, seL4_VCPUContext *registers)
{
    invoke(child);
    vtx.registers = *registers;
    vtx.register_writes++;
}

void microkit_vcpu_x86_on(void)
{
    vtx.on = true;
}

void microkit_vcpu_x86_off(void)
{
    vtx.on = false;
}
