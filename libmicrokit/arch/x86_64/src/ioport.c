/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports by system call: seL4's functions and Microkit's on top of them. */
#include "runtime.h"

#define IOPORT_WRITE 8u

static seL4_Error ioport_access(seL4_CPtr service, uint64_t port, uint64_t width, uint64_t *value)
{
    struct call_registers r = {.a0 = service - BASE_IOPORT_CAP, .a1 = port, .a2 = width, .m0 = *value};
    if (service < BASE_IOPORT_CAP || r.a0 > MICROKIT_MAX_IOPORT_ID) {
        return seL4_InvalidCapability;
    }
    int64_t status = system_call(SYSCALL_IOPORT, &r);
    *value = r.a0;
    return microkit_error(status);
}

seL4_X86_IOPort_In8_t seL4_X86_IOPort_In8(seL4_CPtr service, seL4_Uint16 port)
{
    uint64_t value = 0;
    seL4_Error error = ioport_access(service, port, 1, &value);
    return (seL4_X86_IOPort_In8_t){.error = (int)error, .result = (seL4_Uint8)value};
}

seL4_X86_IOPort_In16_t seL4_X86_IOPort_In16(seL4_CPtr service, seL4_Uint16 port)
{
    uint64_t value = 0;
    seL4_Error error = ioport_access(service, port, 2, &value);
    return (seL4_X86_IOPort_In16_t){.error = (int)error, .result = (seL4_Uint16)value};
}

seL4_X86_IOPort_In32_t seL4_X86_IOPort_In32(seL4_CPtr service, seL4_Uint16 port)
{
    uint64_t value = 0;
    seL4_Error error = ioport_access(service, port, 4, &value);
    return (seL4_X86_IOPort_In32_t){.error = (int)error, .result = (seL4_Uint32)value};
}

seL4_Error seL4_X86_IOPort_Out8(seL4_CPtr service, seL4_Word port, seL4_Word data)
{
    uint64_t value = data & 0xff;
    return ioport_access(service, port, 1 | IOPORT_WRITE, &value);
}

seL4_Error seL4_X86_IOPort_Out16(seL4_CPtr service, seL4_Word port, seL4_Word data)
{
    uint64_t value = data & 0xffff;
    return ioport_access(service, port, 2 | IOPORT_WRITE, &value);
}

seL4_Error seL4_X86_IOPort_Out32(seL4_CPtr service, seL4_Word port, seL4_Word data)
{
    uint64_t value = data & 0xffffffff;
    return ioport_access(service, port, 4 | IOPORT_WRITE, &value);
}

/* An identifier without an <ioport> is reported; a port outside its range stops
 * the program, as a capability's error does on seL4. */
static uint64_t checked_access(const char *function, const char *error_text, unsigned int ioport_id, seL4_Word port,
                               uint64_t width, uint64_t value)
{
    if (ioport_id > MICROKIT_MAX_IOPORT_ID || (microkit_ioports & 1ull << ioport_id) == 0) {
        microkit_report_invalid(function, "I/O Port ID", ioport_id);
        return 0;
    }
    seL4_Error error = ioport_access(BASE_IOPORT_CAP + ioport_id, port, width, &value);
    if (error != seL4_NoError) {
        microkit_dbg_puts(function);
        microkit_dbg_puts(error_text);
        microkit_internal_crash(error);
    }
    return value;
}

void microkit_x86_ioport_write_8(unsigned int ioport_id, seL4_Word port_addr, seL4_Word data)
{
    checked_access("microkit_x86_ioport_write_8", ": error writing data\n", ioport_id, port_addr, 1 | IOPORT_WRITE,
                   data & 0xff);
}

void microkit_x86_ioport_write_16(unsigned int ioport_id, seL4_Word port_addr, seL4_Word data)
{
    checked_access("microkit_x86_ioport_write_16", ": error writing data\n", ioport_id, port_addr, 2 | IOPORT_WRITE,
                   data & 0xffff);
}

void microkit_x86_ioport_write_32(unsigned int ioport_id, seL4_Word port_addr, seL4_Word data)
{
    checked_access("microkit_x86_ioport_write_32", ": error writing data\n", ioport_id, port_addr, 4 | IOPORT_WRITE,
                   data & 0xffffffff);
}

seL4_Uint8 microkit_x86_ioport_read_8(unsigned int ioport_id, seL4_Word port_addr)
{
    return (seL4_Uint8)checked_access("microkit_x86_ioport_read_8", ": error reading data\n", ioport_id, port_addr, 1,
                                      0);
}

seL4_Uint16 microkit_x86_ioport_read_16(unsigned int ioport_id, seL4_Word port_addr)
{
    return (seL4_Uint16)checked_access("microkit_x86_ioport_read_16", ": error reading data\n", ioport_id, port_addr, 2,
                                       0);
}

seL4_Uint32 microkit_x86_ioport_read_32(unsigned int ioport_id, seL4_Word port_addr)
{
    return (seL4_Uint32)checked_access("microkit_x86_ioport_read_32", ": error reading data\n", ioport_id, port_addr, 4,
                                       0);
}
