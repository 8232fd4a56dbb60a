/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot protocol of Linux on arm64 (Documentation/arch/arm64/booting.rst in the
 * kernel's sources): an uncompressed Image at a multiple of 2 MiB plus its
 * text_offset, entered at EL1 with MMU and caches off and the device tree in X0.
 *
 * From the start of RAM: the kernel with the memory that it needs, the device
 * tree, the initial RAM disk.
 */
#include <base/memory.h>

#include <vmm/arch/boot_layout.h>
#include <vmm/arch/execution.h>
#include <vmm/boot.h>
#include <vmm/entropy.h>
#include <vmm/packed_image.h>

/* Offsets in the Image's header. */
#define CODE0       0x00u
#define TEXT_OFFSET 0x08u
#define IMAGE_SIZE  0x10u
#define FLAGS       0x18u
#define MAGIC       0x38u
#define HEADER_SIZE 0x40u

#define MAGIC_VALUE      0x644d5241u /* "ARM\x64" */
#define GZIP_MAGIC       0x8b1fu
#define ZBOOT_OFFSET     0x04u
#define ZBOOT_MAGIC      0x676d697au /* "zimg" */
#define FLAG_BIG_ENDIAN  (1ull << 0)
#define KERNEL_DAMAGED   "kernel: damaged, it cannot be unpacked"
#define OLD_TEXT_OFFSET  0x80000ull /* of kernels that do not say (before 3.17) */
#define OLD_EXTRA_MEMORY 0x1000000ull

struct linux_image {
    uint8_t header[HEADER_SIZE];
    uint64_t size; /* bytes, unpacked */
    uint64_t text_offset;
    uint64_t memory_size; /* what it needs from its first byte, its zero-initialised data included */
    uint64_t load_address;
    uint64_t end; /* of that memory, rounded up */
};

static uint64_t field(const struct linux_image *image, uint32_t offset, uint32_t size)
{
    uint64_t value = 0;
    memcpy(&value, image->header + offset, size);
    return value;
}

static const char *check_header(const struct vm_image *kernel, struct linux_image *image)
{
    image->size = image_size(kernel);
    if (image->size < HEADER_SIZE) {
        return "kernel: not an arm64 Image";
    }
    if (!image_read_start(kernel, image->header, HEADER_SIZE)) {
        return KERNEL_DAMAGED;
    }
    if (field(image, CODE0, 2) == GZIP_MAGIC) {
        return "kernel: a compressed Image; decompress it (gunzip)";
    }
    if (field(image, ZBOOT_OFFSET, 4) == ZBOOT_MAGIC) {
        return "kernel: a compressed EFI image; this protocol needs the Image in it";
    }
    if (field(image, MAGIC, 4) != MAGIC_VALUE) {
        return "kernel: not an arm64 Image";
    }
    if ((field(image, FLAGS, 8) & FLAG_BIG_ENDIAN) != 0) {
        return "kernel: big-endian, which is not supported";
    }
    image->text_offset = field(image, TEXT_OFFSET, 8);
    image->memory_size = field(image, IMAGE_SIZE, 8);
    if (image->memory_size == 0) {
        image->text_offset = OLD_TEXT_OFFSET;
        image->memory_size = image->size + OLD_EXTRA_MEMORY;
    }
    if (image->memory_size < image->size) {
        return "kernel: larger than its header says";
    }
    if (image->text_offset % PAGE_SIZE_4K != 0 || image->text_offset >= PAGE_SIZE_2M) {
        return "kernel: impossible text offset";
    }
    return NULL;
}

static bool round_up(uint64_t *value, uint64_t unit)
{
    if (*value > UINT64_MAX - (unit - 1)) {
        return false;
    }
    *value = (*value + unit - 1) & ~(unit - 1);
    return true;
}

/* RAM starts, and ends, at multiples of 2 MiB. */
static const char *place_kernel(const struct vm *vm, struct linux_image *image)
{
    uint64_t start = vm->memory.ranges[0].gpa;
    uint64_t size = vm->memory.ranges[0].size;
    image->load_address = start + image->text_offset;
    if (image->text_offset > size || image->memory_size > size - image->text_offset) {
        return "kernel: more memory needed than the guest has";
    }
    image->end = image->load_address + image->memory_size;
    if (!round_up(&image->end, PAGE_SIZE_2M) || image->end + BOOT_DEVICE_TREE_SIZE > start + size) {
        return "device tree: does not fit beside the kernel into the guest's memory";
    }
    return NULL;
}

/* After the device tree. Linux wants it within 32 GiB of the kernel, in units of 1 GiB: it is. */
static const char *place_initrd(const struct vm *vm, const struct linux_image *image, struct boot_chosen *chosen)
{
    chosen->initrd = image->end + BOOT_DEVICE_TREE_SIZE;
    chosen->initrd_size = image_size(&vm->initrd);
    uint64_t end = boot_ram_end(vm, vm->memory.ranges[0].gpa);
    if (vm->initrd.address == 0) {
        return "initrd: there is none";
    }
    if (chosen->initrd_size > end - chosen->initrd) {
        return "initrd: does not fit beside the kernel into the guest's memory";
    }
    return NULL;
}

const char *boot_linux(struct vm *vm)
{
    struct linux_image image = {0};
    struct boot_chosen chosen = {.command_line = vm->config.command_line};
    if (vm->kernel.address == 0) {
        return "kernel: there is none";
    }
    const char *problem = check_header(&vm->kernel, &image);
    if (problem == NULL) {
        problem = place_kernel(vm, &image);
    }
    if (problem == NULL && vm->initrd.size != 0) {
        problem = place_initrd(vm, &image, &chosen);
    }
    if (problem == NULL) {
        chosen.random = vmm_entropy(vm, chosen.rng_seed, sizeof(chosen.rng_seed)) &&
                        vmm_entropy(vm, chosen.kaslr_seed, sizeof(chosen.kaslr_seed));
        problem = boot_write_device_tree(vm, image.end, &chosen);
    }
    if (problem == NULL) {
        problem = boot_put_image(vm, image.load_address, &vm->kernel) ? NULL : KERNEL_DAMAGED;
    }
    if (problem == NULL && vm->initrd.size != 0) {
        problem = boot_put_image(vm, chosen.initrd, &vm->initrd) ? NULL : "initrd: damaged, it cannot be unpacked";
    }
    if (problem == NULL) {
        reset_start_at(&vm->vcpus[0], image.load_address, image.end);
    }
    return problem;
}
