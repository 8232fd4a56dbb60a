/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_view.h"

#include "fault_arch.h"

void show_fault(struct text_output *out, microkit_msginfo info)
{
    switch (microkit_msginfo_get_label(info)) {
    case seL4_Fault_VMFault: {
        const char *access = microkit_mr_get(seL4_VMFault_PrefetchFault) != 0     ? "execution"
                             : fault_was_write(microkit_mr_get(seL4_VMFault_FSR)) ? "write"
                                                                                  : "read";
        print(out, "invalid memory %s at address 0x%lx, instruction at 0x%lx", access,
              microkit_mr_get(seL4_VMFault_Addr), microkit_mr_get(seL4_VMFault_IP));
        break;
    }
    case seL4_Fault_UserException:
        show_exception(out, microkit_mr_get(seL4_UserException_Number), microkit_mr_get(seL4_UserException_Code));
        print(out, ", instruction at 0x%lx", microkit_mr_get(seL4_UserException_FaultIP));
        break;
    case seL4_Fault_UnknownSyscall:
        print(out, "invalid system call %lu, instruction at 0x%lx", microkit_mr_get(seL4_UnknownSyscall_Syscall),
              microkit_mr_get(seL4_UnknownSyscall_FaultIP));
        break;
    default:
        print(out, "fault of kind %lu", microkit_msginfo_get_label(info));
        break;
    }
}
