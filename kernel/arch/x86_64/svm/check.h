/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks and decodings that depend on nothing but their arguments. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/vcpu.h>

/* What this machine's vCPUs may have. */
struct svm_limits {
    uint64_t efer;      /* bits a guest may set, SVME not among them */
    uint64_t spec_ctrl; /* bits a guest may set */
    uint32_t physical_address_bits;
    uint32_t linear_address_bits; /* 48 or 57 */
};

/* An event that VMRUN accepts for injection (APM vol. 2 §15.20): known type, a
 * vector that fits it, an error code only for exceptions that have one. An
 * event without the valid bit is valid: it is none. */
bool svm_event_valid(uint64_t event);
/* Whether EXITINTINFO names an event that comes again by itself, when the guest
 * executes the instruction that caused it again. */
bool svm_event_is_software(uint64_t event);

bool svm_canonical(uint64_t address, uint32_t linear_address_bits);
/* Each byte of the PAT is one of the architecture's memory types. */
bool svm_pat_valid(uint64_t pat);

/* The groups, out of CONTROL, SEGMENTS, SYSCALL, DEBUG and MISC, that have
 * a value VMRUN, VMLOAD or WRMSR would refuse. XCR0 is not looked at. */
uint32_t svm_invalid_groups(const struct vcpu_arch_state *state, uint32_t groups, const struct svm_limits *limits);

/* Intercept by port from EXITINFO1; segment: whether the processor reports it. */
struct vcpu_exit_port_io svm_decode_port_io(uint64_t exit_info1, bool segment);
uint32_t svm_decode_memory_access(uint64_t exit_info1);
/* Bytes from rip to next_rip if that can be an instruction's length, else 0. */
uint32_t svm_instruction_length(uint64_t rip, uint64_t next_rip);

/* Number of the first of an MSR's two bits in the MSR permission map (read, then
 * write; §15.11), or -1 if the map has no place for it: always intercepted. */
int32_t svm_msr_bit(uint32_t msr);
#define SVM_MSRPM_SIZE 0x2000u
#define SVM_IOPM_SIZE  0x3000u
