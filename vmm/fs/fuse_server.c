/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include <base/memory.h>

#include "fuse_request.h"

#define HEADER  ((uint64_t)sizeof(struct fuse_in_header))
#define ANSWER  ((uint64_t)sizeof(struct fuse_out_header))
#define BATCH   0x1000u /* nodes of one BATCH_FORGET */
#define SECONDS 1000000000ull

/* What we speak. Everything in <linux/fuse.h> up to here is known to it. */
#define MINOR       31u
#define MINOR_LEAST 27u

void fuse_server_init(struct fuse_server *server, struct file_store store, uint64_t (*now)(void *context),
                      void *now_context)
{
    *server = (struct fuse_server){.store = store, .now = now, .now_context = now_context};
}

void fuse_server_reset(struct fuse_server *server)
{
    server->initialised = false;
}

uint64_t fuse_now(const struct fuse_server *server)
{
    return server->now(server->now_context);
}

/* --- Bytes of requests and answers --- */

bool fuse_arguments(const struct fuse_request *request, uint64_t offset, void *to, uint64_t size)
{
    uint64_t length = request->header.len - HEADER;
    return offset <= length && size <= length - offset &&
           virtqueue_chain_read(request->chain, HEADER + offset, to, size) == size;
}

int fuse_read_name(const struct fuse_request *request, uint64_t offset, struct fuse_name *name, uint64_t *end)
{
    uint64_t length = request->header.len - HEADER;
    uint64_t rest = offset < length ? length - offset : 0;
    uint64_t part = rest < sizeof(name->bytes) ? rest : sizeof(name->bytes);
    if (virtqueue_chain_read(request->chain, HEADER + offset, name->bytes, part) != part) {
        return -FILE_INVALID;
    }
    uint32_t count = 0;
    while (count < part && name->bytes[count] != '\0') {
        if (name->bytes[count] == '/') {
            return -FILE_INVALID;
        }
        count++;
    }
    if (count == part) {
        return part == sizeof(name->bytes) ? -FILE_NAME_TOO_LONG : -FILE_INVALID;
    }
    bool dots = name->bytes[0] == '.' && (count == 1 || (count == 2 && name->bytes[1] == '.'));
    if (count == 0 || dots) {
        return -FILE_INVALID;
    }
    name->name = (struct file_name){.bytes = name->bytes, .length = count};
    *end = offset + count + 1;
    return 0;
}

uint64_t fuse_room(const struct fuse_request *request)
{
    return request->chain->writable_length - ANSWER - request->written;
}

bool fuse_answer(struct fuse_request *request, const void *bytes, uint64_t size)
{
    if (size > fuse_room(request)) {
        return false;
    }
    virtqueue_chain_write(request->chain, ANSWER + request->written, bytes, size);
    request->written += size;
    return true;
}

/* --- Operations that every store has --- */

static int initialise(struct fuse_request *request)
{
    struct fuse_init_in in = {0};
    /* Older kernels send less; the first four fields are always there. */
    if (!fuse_arguments(request, 0, &in, offsetof(struct fuse_init_in, flags2))) {
        return -FILE_INVALID;
    }
    struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = MINOR};
    if (in.major > FUSE_KERNEL_VERSION) {
        return fuse_answer(request, &out, sizeof(out)) ? 0 : -FILE_INVALID; /* it comes again with ours */
    }
    if (in.major < FUSE_KERNEL_VERSION || in.minor < MINOR_LEAST) {
        return -FILE_NOT_SUPPORTED;
    }
    /* Nobody else changes the files: what the guest has read it may keep. No FUSE_ATOMIC_O_TRUNC: it would leave it to
     * OPEN, which there is not, to truncate a file. */
    uint32_t wanted = FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO |
                      FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS | FUSE_NO_OPEN_SUPPORT |
                      FUSE_NO_OPENDIR_SUPPORT;
    out.max_readahead = in.max_readahead;
    out.flags = in.flags & wanted;
    out.max_background = 64;
    out.congestion_threshold = 48;
    out.max_write = FUSE_SERVER_MAX_WRITE;
    out.max_pages = FUSE_SERVER_MAX_WRITE / 4096;
    out.time_gran = 1;
    request->server->initialised = true;
    return fuse_answer(request, &out, sizeof(out)) ? 0 : -FILE_INVALID;
}

static int destroy(struct fuse_request *request)
{
    request->server->initialised = false;
    return 0;
}

/* Nothing to be done: all is in memory. */
static int succeed(struct fuse_request *request)
{
    (void)request;
    return 0;
}

static void forget_one(const struct fuse_server *server, uint64_t node, uint64_t times)
{
    if (server->store.ops->forget != NULL && node > 1) { /* the root is known always */
        server->store.ops->forget(server->store.context, node - 1, times);
    }
}

static void forget(const struct fuse_request *request)
{
    struct fuse_forget_in in;
    if (fuse_arguments(request, 0, &in, sizeof(in))) {
        forget_one(request->server, request->header.nodeid, in.nlookup);
    }
}

static void forget_batch(const struct fuse_request *request)
{
    struct fuse_batch_forget_in in;
    if (!fuse_arguments(request, 0, &in, sizeof(in))) {
        return;
    }
    for (uint32_t i = 0; i < in.count && i < BATCH; i++) {
        struct fuse_forget_one one;
        if (!fuse_arguments(request, sizeof(in) + i * sizeof(one), &one, sizeof(one))) {
            return;
        }
        forget_one(request->server, one.nodeid, one.nlookup);
    }
}

/* --- Which operation --- */

struct operation {
    fuse_operation *carry_out;
    bool changes; /* refused by a read-only store */
};

/* What is missing is answered with "unknown operation", of which the guest's kernel makes the best. In particular there
 * is no OPEN and no OPENDIR: that says that none is needed. */
static const struct operation operations[] = {
    [FUSE_LOOKUP] = {fuse_look_up, false},
    [FUSE_GETATTR] = {fuse_get_attributes, false},
    [FUSE_SETATTR] = {fuse_set_attributes, true},
    [FUSE_READLINK] = {fuse_read_link, false},
    [FUSE_SYMLINK] = {fuse_symlink, true},
    [FUSE_MKNOD] = {fuse_make_node, true},
    [FUSE_MKDIR] = {fuse_make_directory, true},
    [FUSE_UNLINK] = {fuse_unlink, true},
    [FUSE_RMDIR] = {fuse_remove_directory, true},
    [FUSE_RENAME] = {fuse_rename, true},
    [FUSE_LINK] = {fuse_link, true},
    [FUSE_READ] = {fuse_read, false},
    [FUSE_WRITE] = {fuse_write, true},
    [FUSE_STATFS] = {fuse_statfs, false},
    [FUSE_RELEASE] = {succeed, false},
    [FUSE_FSYNC] = {succeed, false},
    [FUSE_FLUSH] = {succeed, false},
    [FUSE_INIT] = {initialise, false},
    [FUSE_READDIR] = {fuse_read_directory, false},
    [FUSE_RELEASEDIR] = {succeed, false},
    [FUSE_FSYNCDIR] = {succeed, false},
    [FUSE_CREATE] = {fuse_create, true},
    [FUSE_DESTROY] = {destroy, false},
    [FUSE_READDIRPLUS] = {fuse_read_directory_plus, false},
    [FUSE_RENAME2] = {fuse_rename2, true},
    [FUSE_LSEEK] = {fuse_lseek, false},
    [FUSE_SYNCFS] = {succeed, false},
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static int carry_out(struct fuse_request *request)
{
    uint32_t code = request->header.opcode;
    if (!request->server->initialised && code != FUSE_INIT) {
        return -FILE_IO;
    }
    if (code >= OPERATIONS || operations[code].carry_out == NULL) {
        return -FILE_UNKNOWN_OPERATION;
    }
    if (operations[code].changes && request->server->store.ops->make == NULL) {
        return -FILE_READ_ONLY;
    }
    bool nowhere = code == FUSE_INIT || code == FUSE_DESTROY || code == FUSE_STATFS;
    if (request->header.nodeid == 0 && !nowhere) {
        return -FILE_STALE;
    }
    request->node = request->header.nodeid - (request->header.nodeid != 0);
    return operations[code].carry_out(request);
}

uint32_t fuse_server_handle(struct fuse_server *server, const struct virtqueue_chain *chain)
{
    struct fuse_request request = {.server = server, .chain = chain};
    if (virtqueue_chain_read(chain, 0, &request.header, HEADER) != HEADER || request.header.len < HEADER ||
        request.header.len > chain->readable_length) {
        server->malformed++;
        return 0;
    }
    server->requests++;
    if (request.header.opcode == FUSE_FORGET) {
        forget(&request);
        return 0;
    }
    if (request.header.opcode == FUSE_BATCH_FORGET) {
        forget_batch(&request);
        return 0;
    }
    if (chain->writable_length < ANSWER) {
        server->malformed++;
        return 0;
    }
    int error = carry_out(&request);
    if (error != 0) {
        request.written = 0;
    }
    struct fuse_out_header out = {
        .len = (uint32_t)(ANSWER + request.written), .error = error, .unique = request.header.unique};
    virtqueue_chain_write(chain, 0, &out, ANSWER);
    return out.len;
}
