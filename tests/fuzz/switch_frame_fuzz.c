/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch's frame parser, the offloads of a frame that is anything at all, and cutting it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <frame.h>
#include <offload.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

/* All segments together are the data. */
static void cut(uint8_t *frame, uint32_t length, const struct net_offload *offload, uint32_t ethernet_size,
                uint16_t ethertype)
{
    struct segmenter s;
    uint8_t header[SEGMENT_HEADER_MAX];
    const uint8_t *bytes;
    uint32_t header_length, part, all = 0;
    if (!segmenter_start(&s, frame, length, offload, ethernet_size, ethertype)) {
        return;
    }
    while (segmenter_next(&s, header, &header_length, &bytes, &part)) {
        check(part > 0 && part <= offload->segment_size && header_length <= sizeof(header));
        check(bytes == frame + header_length + all);
        all += part;
    }
    check(header_length + all == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct frame frame;
    struct net_offload offload, moved;
    struct gather bytes = {0}, retagged;
    uint8_t header[FRAME_HEAD];
    if (size < 1 + sizeof(offload) || size > FRAME_MAX) {
        return 0;
    }
    uint32_t cut_at = data[0];
    memcpy(&offload, data + 1, sizeof(offload));
    uint32_t length = (uint32_t)(size - 1 - sizeof(offload));
    uint8_t *copy = malloc(length + 1);
    memcpy(copy, data + 1 + sizeof(offload), length);
    uint32_t first = cut_at < length ? cut_at : length;
    gather_add(&bytes, copy, first);
    gather_add(&bytes, copy + first, length - first);
    if (frame_parse(&frame, &bytes, &offload) == FRAME_OK) {
        check(frame.bytes.length == length);
        for (unsigned int tagged = 0; tagged < 2; tagged++) {
            frame_retag(&frame, tagged != 0, 5, header, &retagged, &moved);
            uint32_t ethernet_size = tagged != 0 ? FRAME_HEAD : ETHERNET_HEADER;
            check(retagged.length == length - frame.head_length + ethernet_size);
            uint8_t *linear = malloc(retagged.length);
            check(gather_copy(&retagged, linear, retagged.length) == retagged.length);
            (void)offload_needs(&moved, frame.ethertype);
            if (moved.segmentation != NET_SEGMENT_NONE) {
                cut(linear, retagged.length, &moved, ethernet_size, frame.ethertype);
            } else if (moved.flags != 0) {
                offload_checksum(linear, retagged.length, &moved);
            }
            free(linear);
        }
    }
    free(copy);
    return 0;
}
