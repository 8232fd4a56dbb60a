/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_view.h"

/* Page-fault error code (Intel SDM vol. 3 §4.7). */
#define FAULT_WRITE 0x2u

static const char *exception_name(seL4_Word vector)
{
    switch (vector) {
    case 0:
        return "divide error";
    case 1:
        return "debug exception";
    case 3:
        return "breakpoint";
    case 4:
        return "overflow";
    case 6:
        return "invalid instruction";
    case 7:
        return "FPU not available";
    case 12:
        return "stack fault";
    case 13:
        return "general protection fault";
    case 16:
    case 19:
        return "floating-point exception";
    case 17:
        return "misaligned access";
    default:
        return "exception";
    }
}

void show_fault(struct text_output *out, microkit_msginfo info)
{
    switch (microkit_msginfo_get_label(info)) {
    case seL4_Fault_VMFault: {
        const char *access = microkit_mr_get(seL4_VMFault_PrefetchFault) != 0         ? "execution"
                             : (microkit_mr_get(seL4_VMFault_FSR) & FAULT_WRITE) != 0 ? "write"
                                                                                      : "read";
        print(out, "invalid memory %s at address 0x%lx, instruction at 0x%lx", access,
              microkit_mr_get(seL4_VMFault_Addr), microkit_mr_get(seL4_VMFault_IP));
        break;
    }
    case seL4_Fault_UserException: {
        seL4_Word vector = microkit_mr_get(seL4_UserException_Number);
        print(out, "%s (vector %lu, code 0x%lx), instruction at 0x%lx", exception_name(vector), vector,
              microkit_mr_get(seL4_UserException_Code), microkit_mr_get(seL4_UserException_FaultIP));
        break;
    }
    case seL4_Fault_UnknownSyscall:
        print(out, "invalid system call %lu, instruction at 0x%lx", microkit_mr_get(seL4_UnknownSyscall_Syscall),
              microkit_mr_get(seL4_UnknownSyscall_FaultIP));
        break;
    default:
        print(out, "fault of kind %lu", microkit_msginfo_get_label(info));
        break;
    }
}
