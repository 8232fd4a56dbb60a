/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables that the tool writes in the program image. They are initialised
 * data, kept by the linker script even where the program uses none of them. */
#include "runtime.h"

#define WRITTEN_BY_TOOL __attribute__((section(".data.microkit"), used))

WRITTEN_BY_TOOL char microkit_name[MICROKIT_PD_NAME_LENGTH] = {0};
WRITTEN_BY_TOOL bool microkit_passive = false;
WRITTEN_BY_TOOL seL4_Word microkit_irqs = 0;
WRITTEN_BY_TOOL seL4_Word microkit_notifications = 0;
WRITTEN_BY_TOOL seL4_Word microkit_pps = 0;
WRITTEN_BY_TOOL seL4_Word microkit_ioports = 0;

seL4_Bool microkit_have_signal = seL4_False;
seL4_CPtr microkit_signal_cap;
seL4_MessageInfo_t microkit_signal_msg;

/* The tool puts the first thread's IPC buffer in the highest page of user memory. */
seL4_IPCBuffer *__sel4_ipc_buffer = (seL4_IPCBuffer *)(seL4_UserVSpaceTop & ~((1ull << seL4_PageBits) - 1));
_Static_assert(sizeof(seL4_IPCBuffer) <= 1ull << seL4_PageBits, "the IPC buffer is one page");
