/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMCS, as far as seL4 shows it (Intel SDM vol. 3 appendix B: encodings; ch. 25:
 * controls; appendix C: exit reasons).
 */
#pragma once

/* Fields. Those of segments: first ES, then CS, SS, DS, FS, GS, LDTR, TR, each two further. */
enum vmcs_field {
    VMCS_ES_SELECTOR = 0x0800,
    VMCS_PAT = 0x2804,
    VMCS_EFER = 0x2806,
    VMCS_PROCESSOR_CONTROLS = 0x4002,
    VMCS_EXCEPTION_BITMAP = 0x4004,
    VMCS_ENTRY_CONTROLS = 0x4012,
    VMCS_ENTRY_EVENT = 0x4016,
    VMCS_ENTRY_ERROR_CODE = 0x4018,
    VMCS_SECONDARY_CONTROLS = 0x401e,
    VMCS_EXIT_EVENT = 0x4404,
    VMCS_EXIT_ERROR_CODE = 0x4406,
    VMCS_DELIVERED_EVENT = 0x4408, /* IDT-vectoring information */
    VMCS_DELIVERED_ERROR_CODE = 0x440a,
    VMCS_ES_LIMIT = 0x4800,
    VMCS_GDTR_LIMIT = 0x4810,
    VMCS_IDTR_LIMIT = 0x4812,
    VMCS_ES_ACCESS = 0x4814,
    VMCS_CS_ACCESS = 0x4816,
    VMCS_SS_ACCESS = 0x4818,
    VMCS_INTERRUPTIBILITY = 0x4824,
    VMCS_ACTIVITY = 0x4826,
    VMCS_SYSENTER_CS = 0x482a,
    VMCS_CR0_MASK = 0x6000,
    VMCS_CR4_MASK = 0x6002,
    VMCS_CR0_SHADOW = 0x6004,
    VMCS_CR4_SHADOW = 0x6006,
    VMCS_CR0 = 0x6800,
    VMCS_CR3 = 0x6802,
    VMCS_CR4 = 0x6804,
    VMCS_ES_BASE = 0x6806,
    VMCS_GDTR_BASE = 0x6816,
    VMCS_IDTR_BASE = 0x6818,
    VMCS_DR7 = 0x681a,
    VMCS_RSP = 0x681c,
    VMCS_RIP = 0x681e,
    VMCS_RFLAGS = 0x6820,
    VMCS_PENDING_DEBUG = 0x6822,
    VMCS_SYSENTER_ESP = 0x6824,
    VMCS_SYSENTER_EIP = 0x6826,
};

/* VMCS_PROCESSOR_CONTROLS */
#define PROCESSOR_INTERRUPT_WINDOW (1u << 2)
#define PROCESSOR_HLT              (1u << 7)
#define PROCESSOR_MWAIT            (1u << 10)
#define PROCESSOR_RDPMC            (1u << 11)
#define PROCESSOR_RDTSC            (1u << 12)
#define PROCESSOR_CR8_LOAD         (1u << 19)
#define PROCESSOR_CR8_STORE        (1u << 20)
#define PROCESSOR_NMI_WINDOW       (1u << 22)
#define PROCESSOR_MOV_DR           (1u << 23)
#define PROCESSOR_IO_BITMAPS       (1u << 25)
#define PROCESSOR_MSR_BITMAPS      (1u << 28)
#define PROCESSOR_MONITOR          (1u << 29)
#define PROCESSOR_PAUSE            (1u << 30)
#define PROCESSOR_SECONDARY        (1u << 31)

/* VMCS_SECONDARY_CONTROLS */
#define SECONDARY_EPT          (1u << 1)
#define SECONDARY_WBINVD       (1u << 6)
#define SECONDARY_UNRESTRICTED (1u << 7)
#define SECONDARY_INVPCID      (1u << 12)

/* VMCS_ENTRY_CONTROLS */
#define ENTRY_DEBUG     (1u << 2)
#define ENTRY_LONG_MODE (1u << 9)
#define ENTRY_PAT       (1u << 14)
#define ENTRY_EFER      (1u << 15)

/* Events: bits 7:0 vector, 10:8 type, 11 error code, 31 valid. */
#define EVENT_FIELDS    0x80000fffu
#define EVENT_VALID     (1u << 31)
#define EVENT_ERROR     (1u << 11)
#define EVENT_TYPE_INT1 5u /* INT1, which some call ICEBP */

/* VMCS_INTERRUPTIBILITY */
#define BLOCKED_BY_STI    (1u << 0)
#define BLOCKED_BY_MOV_SS (1u << 1)
#define BLOCKED_BY_NMI    (1u << 3)

/* Access rights of a segment: bits 7:0 as in its descriptor, 15:12 AVL, L, D/B, G. */
#define ACCESS_UNUSABLE (1u << 16)

enum exit_reason {
    EXIT_EXCEPTION = 0,
    EXIT_TRIPLE_FAULT = 2,
    EXIT_INTERRUPT_WINDOW = 7,
    EXIT_NMI_WINDOW = 8,
    EXIT_TASK_SWITCH = 9,
    EXIT_CPUID = 10,
    EXIT_HLT = 12,
    EXIT_VMCALL = 18,
    EXIT_CONTROL_REGISTER = 28,
    EXIT_DEBUG_REGISTER = 29,
    EXIT_PORT_IO = 30,
    EXIT_RDMSR = 31,
    EXIT_WRMSR = 32,
    EXIT_BAD_GUEST_STATE = 33,
    EXIT_BAD_MSR_LOAD = 34,
    EXIT_PAUSE = 40,
    EXIT_MACHINE_CHECK_AT_ENTRY = 41,
    EXIT_EPT_VIOLATION = 48,
    EXIT_EPT_MISCONFIGURED = 49,
    EXIT_XSETBV = 55,
};
#define EXIT_NO_ENTRY 0xffffffffu /* seL4: VMLAUNCH or VMRESUME failed */
