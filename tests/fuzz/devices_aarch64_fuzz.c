/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's bytes as operations on a GIC: see gic_stream.h. */
#include "../unit/vmm/gic/gic_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct machine machine;
    if (size >= 2) {
        gic_stream_play(&machine, data, size);
    }
    return 0;
}
