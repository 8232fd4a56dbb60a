/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports (x86 only). ioport_id names an <ioport> of the system file;
 * port_addr is the port's number, within that <ioport>'s range. */
#pragma once

#include <sel4/sel4.h>

void microkit_x86_ioport_write_8(unsigned int ioport_id, seL4_Word port_addr, seL4_Word data);
void microkit_x86_ioport_write_16(unsigned int ioport_id, seL4_Word port_addr, seL4_Word data);
void microkit_x86_ioport_write_32(unsigned int ioport_id, seL4_Word port_addr, seL4_Word data);
seL4_Uint8 microkit_x86_ioport_read_8(unsigned int ioport_id, seL4_Word port_addr);
seL4_Uint16 microkit_x86_ioport_read_16(unsigned int ioport_id, seL4_Word port_addr);
seL4_Uint32 microkit_x86_ioport_read_32(unsigned int ioport_id, seL4_Word port_addr);
