/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's bytes as operations on all device models: see op_stream.h. */
#include "../unit/vmm/devices/op_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pc pc;
    if (size == 0) {
        return 0;
    }
    static const uint64_t frequencies[] = {1000000, PC_TSC_FREQUENCY, 2999999977, 5000000000};
    pc_create_with_frequency(&pc, frequencies[data[0] & 3]);
    op_stream_play(&pc, data + 1, size - 1);
    return 0;
}
