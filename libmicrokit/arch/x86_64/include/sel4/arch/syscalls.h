/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports: BASE_IOPORT_CAP + id from the system file. */
#pragma once

#include <sel4/errors.h>
#include <sel4/simple_types.h>

typedef struct {
    int error; /* seL4_Error */
    seL4_Uint8 result;
} seL4_X86_IOPort_In8_t;

typedef struct {
    int error;
    seL4_Uint16 result;
} seL4_X86_IOPort_In16_t;

typedef struct {
    int error;
    seL4_Uint32 result;
} seL4_X86_IOPort_In32_t;

seL4_X86_IOPort_In8_t seL4_X86_IOPort_In8(seL4_CPtr service, seL4_Uint16 port);
seL4_X86_IOPort_In16_t seL4_X86_IOPort_In16(seL4_CPtr service, seL4_Uint16 port);
seL4_X86_IOPort_In32_t seL4_X86_IOPort_In32(seL4_CPtr service, seL4_Uint16 port);
seL4_Error seL4_X86_IOPort_Out8(seL4_CPtr service, seL4_Word port, seL4_Word data);
seL4_Error seL4_X86_IOPort_Out16(seL4_CPtr service, seL4_Word port, seL4_Word data);
seL4_Error seL4_X86_IOPort_Out32(seL4_CPtr service, seL4_Word port, seL4_Word data);
