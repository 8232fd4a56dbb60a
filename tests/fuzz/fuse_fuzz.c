/* SPDX-License-Identifier: BSD-2-Clause */
/* FUSE requests of any bytes, one after the other, to files in memory. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/fuse.h>

#include <vmm/fs/fuse_server.h>
#include <vmm/fs/memory_files.h>

static uint64_t now(void *context)
{
    (void)context;
    return 0;
}

static void send(struct fuse_server *server, uint8_t *request, uint32_t size, uint32_t room)
{
    static uint8_t answer[0x8000];
    struct virtio_segment segments[3] = {{request, size / 2}, {request + size / 2, size - size / 2}, {answer, room}};
    bool short_request = size < 2;
    struct virtqueue_chain chain = {
        .segments = short_request ? segments + 1 : segments,
        .capacity = 3,
        .readable_count = short_request ? 1 : 2,
        .writable_count = 1,
        .readable_length = size,
        .writable_length = room,
    };
    fuse_server_handle(server, &chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[MEMORY_FILES_MINIMUM] __attribute__((aligned(4096)));
    static uint8_t request[0x3000];
    struct memory_files files;
    struct fuse_server server;
    if (!memory_files_init(&files, memory, sizeof(memory))) {
        return 0;
    }
    fuse_server_init(&server, memory_files_store(&files), now, NULL);
    server.initialised = true;
    /* Each request: length, room for the answer, code, node; then its arguments. */
    while (size >= 6) {
        uint32_t length = (uint32_t)(data[0] | data[1] << 8) % 0x2000u;
        uint32_t room = (uint32_t)data[2] * 64 + 1;
        struct fuse_in_header header = {
            .len = (uint32_t)sizeof(header) + length, .opcode = data[3] % 56u, .nodeid = data[4] % 48u};
        uint32_t given = size - 6 < length ? (uint32_t)(size - 6) : length;
        uint32_t sent = data[5] % 8u == 0 ? (uint32_t)sizeof(header) / 2 : header.len;
        memset(request, 0, sizeof(header) + length);
        memcpy(request, &header, sizeof(header));
        memcpy(request + sizeof(header), data + 6, given);
        send(&server, request, sent, room);
        server.initialised = true;
        data += 6 + given;
        size -= 6 + given;
    }
    memory_files_forget_all(&files);
    return 0;
}
