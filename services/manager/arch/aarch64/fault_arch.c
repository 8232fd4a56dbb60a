/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../fault_arch.h"

/* ESR_ELx (Arm ARM DDI 0487, D19.2.37). */
#define SYNDROME_CLASS(esr) ((esr) >> 26 & 0x3f)
#define ABORT_WRITE         (1u << 6) /* WnR */
#define ABORT_MAINTENANCE   (1u << 8) /* CM: WnR is 1 whatever the instruction does */

bool fault_was_write(seL4_Word status)
{
    return (status & ABORT_WRITE) != 0 && (status & ABORT_MAINTENANCE) == 0;
}

static const char *exception_name(seL4_Word exception_class)
{
    switch (exception_class) {
    case 0x00:
        return "invalid instruction";
    case 0x01:
        return "forbidden WFI or WFE";
    case 0x07:
        return "FPU not available";
    case 0x0e:
        return "illegal execution state";
    case 0x15:
        return "system call";
    case 0x18:
        return "forbidden system register or instruction";
    case 0x19:
        return "SVE not available";
    case 0x22:
        return "misaligned instruction address";
    case 0x24:
        return "invalid memory access";
    case 0x26:
        return "misaligned stack pointer";
    case 0x2c:
        return "floating-point exception";
    case 0x2f:
        return "system error";
    case 0x30:
    case 0x32:
    case 0x34:
        return "debug exception";
    case 0x3c:
        return "breakpoint";
    default:
        return "exception";
    }
}

void show_exception(struct text_output *out, seL4_Word number, seL4_Word code)
{
    (void)code;
    print(out, "%s (syndrome 0x%lx)", exception_name(SYNDROME_CLASS(number)), number);
}
