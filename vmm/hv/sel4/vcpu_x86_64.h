/* SPDX-License-Identifier: BSD-2-Clause */
/* The two halves of an x86-64 vCPU on seL4: exits and entries, and its state in the VMCS. */
#pragma once

#include "vcpu.h"

/* Writes what never changes: controls, masks. */
void vmcs_set_up(struct sel4_vcpu *vcpu);
/* Groups of control.dirty, which is cleared. */
void vmcs_write_dirty(struct sel4_vcpu *vcpu);
/* Has cpl and cs_attributes, and the stack pointer, in the page. */
void vmcs_read_code(struct sel4_vcpu *vcpu);
void vmcs_read_rsp(struct sel4_vcpu *vcpu);

uint64_t vmcs_read(const struct sel4_vcpu *vcpu, uint32_t field);
void vmcs_write(const struct sel4_vcpu *vcpu, uint32_t field, uint64_t value);
