/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a Linux kernel fit its VM? By the headers of bzImage and arm64 Image. */
#include "linux_image.h"
#include <string.h>
#include <tool/target.h>

/* Linux/x86 boot protocol (Documentation/x86/boot.rst): offsets in a bzImage. */
#define LINUX_SETUP_SECTORS 0x1f1u
#define LINUX_BOOT_FLAG     0x1feu
#define LINUX_MAGIC         0x202u
#define LINUX_VERSION       0x206u
#define LINUX_LOAD_FLAGS    0x236u
#define LINUX_COMMAND_LINE  0x238u
#define LINUX_PREFERRED     0x258u
#define LINUX_INIT_SIZE     0x260u
#define LINUX_HEADER_END    0x268u
/* First version whose header has all of these. */
#define LINUX_VERSION_MIN   0x20cu
#define LINUX_KERNEL_64     1u

/* Linux/arm64 (Documentation/arm64/booting.rst): offsets in an Image. */
#define ARM64_TEXT_OFFSET  0x08u
#define ARM64_IMAGE_SIZE   0x10u
#define ARM64_FLAGS        0x18u
#define ARM64_MAGIC        0x38u
#define ARM64_HEADER_END   0x40u
#define ARM64_BIG_ENDIAN   1u
/* Documentation/arm64/booting.rst: the device tree and the initrd are within so much of the image. */
#define ARM64_DEVICE_TREE  PAGE_SIZE_2M
/* Of a kernel with CONFIG_EFI_ZBOOT: an EFI application that unpacks it. */
#define ZBOOT_MAGIC        0x04u
/* COMMAND_LINE_SIZE of arch/arm64. */
#define ARM64_COMMAND_LINE 2047u

static uint32_t read_32(const struct blob *blob, size_t offset)
{
    uint32_t value;
    memcpy(&value, blob->data + offset, sizeof(value));
    return value;
}

static uint64_t read_64(const struct blob *blob, size_t offset)
{
    uint64_t value;
    memcpy(&value, blob->data + offset, sizeof(value));
    return value;
}

/* need: bytes of guest memory. */
static void check_memory(struct system *system, const struct vm_element *vm, uint64_t need)
{
    if (vm->memory != 0 && need > vm->memory) {
        report_error(&system->diagnostics, vm->line,
                     "<vm name=\"%s\"> memory of %llu MiB is too little for its kernel and initrd, which need %llu "
                     "MiB; give more",
                     vm->name, (unsigned long long)(vm->memory >> 20), (unsigned long long)(need >> 20) + 1);
    }
}

void check_linux_x86_64(struct system *system, const struct vm_element *vm)
{
    const struct blob *kernel = vm->kernel.blob;
    if (kernel->size < LINUX_HEADER_END || memcmp(kernel->data + LINUX_MAGIC, "HdrS", 4) != 0 ||
        kernel->data[LINUX_BOOT_FLAG] != 0x55 || kernel->data[LINUX_BOOT_FLAG + 1] != 0xaa) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<kernel path=\"%s\"> of VM '%s' is not a Linux bzImage; give a vmlinuz file, or <boot "
                     "protocol=\"flat\" load_address=\"...\" /> for a raw image",
                     vm->kernel.path, vm->name);
        return;
    }
    uint32_t version = read_32(kernel, LINUX_VERSION) & 0xffff;
    if (version < LINUX_VERSION_MIN || (kernel->data[LINUX_LOAD_FLAGS] & LINUX_KERNEL_64) == 0) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<kernel path=\"%s\"> of VM '%s' has no 64-bit entry (boot protocol %u.%02u); give an x86-64 "
                     "kernel of Linux 3.8 or later",
                     vm->kernel.path, vm->name, version >> 8, version & 0xff);
        return;
    }
    uint32_t limit = read_32(kernel, LINUX_COMMAND_LINE);
    if (strlen(vm->command_line) > limit) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<cmdline> of VM '%s' has %zu characters and its kernel takes %u; shorten it", vm->name,
                     strlen(vm->command_line), limit);
    }
    uint64_t need = read_64(kernel, LINUX_PREFERRED), initrd = vm->initrd.blob == NULL ? 0 : vm->initrd.blob->size;
    if (__builtin_add_overflow(need, read_32(kernel, LINUX_INIT_SIZE) + initrd + PAGE_SIZE_2M, &need)) {
        need = UINT64_MAX;
    }
    check_memory(system, vm, need);
}

static bool looks_like_image(const struct blob *kernel)
{
    return kernel->size >= ARM64_HEADER_END && memcmp(kernel->data + ARM64_MAGIC, "ARM\x64", 4) == 0;
}

/* What a kernel is that is no Image, and what to do with it. */
static const char *describe_other(const struct blob *kernel)
{
    if (kernel->size >= 2 && kernel->data[0] == 0x1f && kernel->data[1] == 0x8b) {
        return "is compressed by gzip; unpack it (gunzip), the VMM starts what it is given";
    }
    if (kernel->size >= ARM64_HEADER_END && memcmp(kernel->data + ZBOOT_MAGIC, "zimg", 4) == 0) {
        return "is compressed (EFI zboot); give the Image in it, the VMM starts what it is given";
    }
    if (kernel->size >= LINUX_HEADER_END && memcmp(kernel->data + LINUX_MAGIC, "HdrS", 4) == 0) {
        return "is a bzImage for x86; give an arm64 Image (for example with --search-path, from another directory)";
    }
    return "is not an arm64 Linux Image; give one, or <boot protocol=\"flat\" /> for a raw image";
}

void check_linux_aarch64(struct system *system, const struct vm_element *vm)
{
    const struct blob *kernel = vm->kernel.blob;
    if (!looks_like_image(kernel)) {
        report_error(&system->diagnostics, vm->kernel.line, "<kernel path=\"%s\"> of VM '%s' %s", vm->kernel.path,
                     vm->name, describe_other(kernel));
        return;
    }
    uint64_t size = read_64(kernel, ARM64_IMAGE_SIZE), offset = read_64(kernel, ARM64_TEXT_OFFSET);
    if (size == 0) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<kernel path=\"%s\"> of VM '%s' does not say its size (Linux before 3.17); give a later one",
                     vm->kernel.path, vm->name);
        return;
    }
    if ((read_64(kernel, ARM64_FLAGS) & ARM64_BIG_ENDIAN) != 0) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<kernel path=\"%s\"> of VM '%s' is big-endian; give a little-endian kernel", vm->kernel.path,
                     vm->name);
        return;
    }
    if (strlen(vm->command_line) > ARM64_COMMAND_LINE) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<cmdline> of VM '%s' has %zu characters and its kernel takes %u; shorten it", vm->name,
                     strlen(vm->command_line), ARM64_COMMAND_LINE);
    }
    uint64_t need = vm->initrd.blob == NULL ? 0 : vm->initrd.blob->size;
    if (__builtin_add_overflow(need, size, &need) || __builtin_add_overflow(need, offset, &need) ||
        __builtin_add_overflow(need, ARM64_DEVICE_TREE + PAGE_SIZE_2M, &need)) {
        need = UINT64_MAX;
    }
    check_memory(system, vm, need);
}
