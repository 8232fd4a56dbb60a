/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel images, device trees, initial RAM disks and places of any kind, given to the arm64 boot protocols. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/vmm/aarch64/arm_fixture.h"

#define HEADER_BYTES 12u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly that size: reads beyond it are found. */
static struct vm_image copy_of(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size != 0 ? size : 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, data, size);
    return (struct vm_image){.address = (uintptr_t)copy, .size = size};
}

/* A good device tree with bytes changed: three bytes each, offset and value. */
static void damage(struct arm_fixture *f, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 3 <= size; i += 3) {
        uint16_t offset;
        memcpy(&offset, data + i, sizeof(offset));
        f->device_tree[offset % f->config.device_tree_gicv3.size] = data[i + 2];
    }
}

/* What lies behind the check of the header is reached. */
static void make_plausible(struct vm_image kernel)
{
    static const uint8_t magic[] = {'A', 'R', 'M', 0x64};
    uint8_t *image = (uint8_t *)(uintptr_t)kernel.address;
    if (kernel.size >= 64) {
        memcpy(image + 56, magic, sizeof(magic));
        image[24] &= 0xfe;                                         /* little-endian */
        memset(image + 9 + (image[9] & 1), 0, 7 - (image[9] & 1)); /* text_offset: some MiB at most */
        image[8] = 0;
    }
}

/* Bytes 0 protocol and what is there, 1 GIC version and what is packed, 2..3 size of the device tree, 4..11 load
 * address or size of the initrd; then the device tree (if its size is not 0), then the kernel. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arm_fixture f;
    if (size < HEADER_BYTES) {
        return 0;
    }
    uint16_t tree_size;
    uint64_t number;
    memcpy(&tree_size, data + 2, sizeof(tree_size));
    memcpy(&number, data + 4, sizeof(number));
    const uint8_t *rest = data + HEADER_BYTES;
    size_t rest_size = size - HEADER_BYTES;
    if (tree_size > rest_size) {
        tree_size = (uint16_t)rest_size;
    }
    fixture_configure(&f, (data[1] & 1) != 0 ? 2 : 3, NULL, 0);
    struct vm_image tree = copy_of(rest, tree_size);
    struct vm_image kernel = copy_of(rest + tree_size, rest_size - tree_size);
    f.config.boot_protocol = (data[0] & 1) != 0 ? VM_BOOT_LINUX : VM_BOOT_FLAT;
    f.config.on_crash = VM_ON_EVENT_STOP;
    if ((data[0] & 16) != 0) {
        make_plausible(kernel);
    }
    if ((data[0] & 32) != 0) {
        damage(&f, rest, tree_size);
    } else if (tree_size != 0) {
        f.config.device_tree_gicv2 = f.config.device_tree_gicv3 = tree;
    }
    f.config.kernel = kernel;
    f.config.kernel_load_address = (data[0] & 2) != 0 ? number : FIXTURE_CODE;
    if ((data[0] & 4) != 0) {
        f.config.initrd = (struct vm_image){
            .address = kernel.address, .size = (data[0] & 8) != 0 && number > FIXTURE_RAM_SIZE ? number : kernel.size};
    }
    if ((data[1] & 2) != 0) { /* they call themselves packed */
        f.config.kernel.unpacked_size = 1 + number % (2 * FIXTURE_RAM_SIZE);
        f.config.initrd.unpacked_size = (data[1] & 4) != 0 ? number : 0;
    }
    if (fixture_create(&f) != NULL) {
        abort();
    }
    vmm_begin(f.vm);
    if (f.vm->state != VM_STATE_RUNNING && f.vm->state != VM_STATE_FAILED) {
        abort();
    }
    free((void *)(uintptr_t)tree.address);
    free((void *)(uintptr_t)kernel.address);
    fixture_destroy(&f);
    return 0;
}
