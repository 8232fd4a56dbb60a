/* SPDX-License-Identifier: BSD-2-Clause */
#include "runtime.h"

seL4_IPCBuffer *seL4_GetIPCBuffer(void)
{
    return microkit_ipc_buffer();
}
