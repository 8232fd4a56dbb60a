/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels and initial RAM disks packed by LZ4, as one block without a frame. The
 * VMM unpacks at one or two instructions a byte; each byte less is one less to
 * read, and to hash at ten times that.
 */
#include "expand.h"
#include <lz4.h>
#include <lz4hc.h>
#include <stdlib.h>
#include <string.h>
#include <tool/target.h>

/* Smaller images are left as they are unless the system file says so. */
#define WORTH_PACKING 0x10000u
/* What has to be saved to pay: one part in so many. */
#define LEAST_SAVING  8u

static bool pays(size_t packed, size_t size)
{
    return packed != 0 && packed < size - size / LEAST_SAVING;
}

/* A fast try first: what is compressed already, as most initrds are, is not worth the slow one. */
static size_t compress(const struct blob *image, char *to, int capacity, bool whatever_it_saves)
{
    const char *from = (const char *)image->data;
    int size = (int)image->size;
    if (!whatever_it_saves && !pays((size_t)LZ4_compress_default(from, to, size, capacity), image->size)) {
        return 0;
    }
    return (size_t)LZ4_compress_HC(from, to, size, capacity, LZ4HC_CLEVEL_DEFAULT);
}

/* NULL: it does not get smaller, or not enough. */
static struct blob *pack(struct system *system, const struct blob *image, const char *name, bool whatever_it_saves)
{
    int capacity = LZ4_compressBound((int)image->size);
    char *to = malloc((size_t)capacity);
    if (to == NULL) {
        return NULL; /* it is only a saving */
    }
    size_t size = compress(image, to, capacity, whatever_it_saves);
    struct blob *packed = NULL;
    if (whatever_it_saves ? size != 0 && size < image->size : pays(size, image->size)) {
        packed = add_blob(system, arena_format(&system->arena, "%s.lz4", name), size);
        memcpy(packed->data, to, size);
    }
    free(to);
    return packed;
}

static void refuse(struct system *system, const struct vm_element *vm, const struct guest_image *image,
                   const char *reason)
{
    report_error(&system->diagnostics, image->line, "'%s' of VM '%s' cannot be packed: %s; remove packed", image->path,
                 vm->name, reason);
}

/* NULL: it stays as it is. */
static struct blob *packed_blob(struct system *system, const struct vm_element *vm, const struct guest_image *image,
                                const char *name)
{
    bool demanded = image->packing_given && image->packed;
    bool compressed = image == &vm->kernel && vm->protocol == VM_BOOT_LINUX && !system->target->packed_kernels;
    struct blob *blob = image->blob;
    if (image->is_unsigned || (image->packing_given && !image->packed) ||
        (!demanded && (compressed || blob->size < WORTH_PACKING || blob->size > LZ4_MAX_INPUT_SIZE))) {
        return NULL;
    }
    if (compressed) {
        refuse(system, vm, image, "a bzImage is compressed already");
        return NULL;
    }
    if (blob->size > LZ4_MAX_INPUT_SIZE) {
        refuse(system, vm, image, "it is larger than 2016 MiB, the most that LZ4 takes");
        return NULL;
    }
    if (blob->packed == NULL) {
        blob->packed = pack(system, blob, name, demanded);
    }
    if (blob->packed == NULL && demanded) {
        refuse(system, vm, image, "it does not get smaller");
    }
    return blob->packed;
}

struct guest_image pack_guest_image(struct system *system, const struct vm_element *vm, const struct guest_image *image,
                                    const char *name)
{
    struct guest_image stored = *image;
    struct blob *packed = packed_blob(system, vm, image, name);
    if (packed != NULL) {
        stored.blob = packed;
        stored.path = packed->path;
    }
    return stored;
}
