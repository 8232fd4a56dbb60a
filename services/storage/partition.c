/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include "partition.h"

const char *partition_find(const uint8_t *image, uint64_t size, uint32_t number, struct partition *partition)
{
    if (number == 0 || number > PARTITION_MAX) {
        return "partitions have numbers from 1 to 128";
    }
    if (mbr_is_protective(image, size)) {
        return gpt_find(image, size, number, partition);
    }
    return mbr_find(image, size, number, partition);
}
