/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../fault_arch.h"

/* Page-fault error code (Intel SDM vol. 3 §4.7). */
#define FAULT_WRITE 0x2u

bool fault_was_write(seL4_Word status)
{
    return (status & FAULT_WRITE) != 0;
}

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

void show_exception(struct text_output *out, seL4_Word number, seL4_Word code)
{
    print(out, "%s (vector %lu, code 0x%lx)", exception_name(number), number, code);
}
