/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 64-bit boot protocol of Linux on x86 (Documentation/arch/x86/boot.rst in
 * the kernel's sources): a bzImage of protocol 2.12 or later, entered at 0x200
 * into its protected-mode part.
 */
#include <base/format.h>
#include <base/memory.h>

#include <vmm/arch/boot_layout.h>
#include <vmm/boot.h>
#include <vmm/entropy.h>
#include <vmm/packed_image.h>
#include <vmm/vm.h>

#define SECTOR 512ull

/* Offsets in the setup sectors and, the same, in struct boot_params. */
#define HEADER_START      0x1f1u
#define HEADER_MAX_END    0x290u /* where the room for it in struct boot_params ends */
#define BOOT_FLAG         0x1feu
#define JUMP_LENGTH       0x201u
#define MAGIC             0x202u
#define VERSION           0x206u
#define SETUP_SECTS       0x1f1u
#define SYSSIZE           0x1f4u
#define VID_MODE          0x1fau
#define TYPE_OF_LOADER    0x210u
#define LOADFLAGS         0x211u
#define CODE32_START      0x214u
#define RAMDISK_IMAGE     0x218u
#define RAMDISK_SIZE      0x21cu
#define HEAP_END          0x224u
#define CMD_LINE_PTR      0x228u
#define INITRD_ADDR_MAX   0x22cu
#define KERNEL_ALIGNMENT  0x230u
#define RELOCATABLE       0x234u
#define XLOADFLAGS        0x236u
#define CMDLINE_SIZE      0x238u
#define SETUP_DATA        0x250u
#define PREF_ADDRESS      0x258u
#define INIT_SIZE         0x260u
#define HEADER_NEEDED_END 0x264u

/* Offsets in struct boot_params only. */
#define ACPI_RSDP_ADDR 0x070u
#define E820_ENTRIES   0x1e8u
#define E820_TABLE     0x2d0u

#define MAGIC_VALUE          0x53726448u /* "HdrS" */
#define VERSION_64BIT        0x020cu
#define LOADER_UNDEFINED     0xffu
#define LOADFLAG_LOADED_HIGH 0x01u
#define XLOADFLAG_KERNEL_64  0x0001u
#define ENTRY_64             0x200u
#define SETUP_RNG_SEED       9u
#define RNG_SEED_SIZE        64u
#define FOUR_GIB             (1ull << 32)

#define DOES_NOT_FIT "images do not fit into the guest's memory"

struct linux_image {
    const uint8_t *bytes;
    uint64_t size;
    uint32_t header_end;     /* in the setup sectors */
    uint64_t payload_offset; /* protected-mode part */
    uint64_t payload_size;
    uint64_t load_address;
    uint64_t init_size; /* memory that it needs from load_address */
};

static uint64_t field(const struct linux_image *image, uint32_t offset, uint32_t size)
{
    uint64_t value = 0;
    memcpy(&value, image->bytes + offset, size);
    return value;
}

static const char *check_header(struct linux_image *image)
{
    if (image->size < 2 * SECTOR || field(image, BOOT_FLAG, 2) != 0xaa55 || field(image, MAGIC, 4) != MAGIC_VALUE) {
        return "kernel: not a bzImage";
    }
    if (field(image, VERSION, 2) < VERSION_64BIT || (field(image, XLOADFLAGS, 2) & XLOADFLAG_KERNEL_64) == 0) {
        return "kernel: has no 64-bit entry point (boot protocol 2.12)";
    }
    if ((field(image, LOADFLAGS, 1) & LOADFLAG_LOADED_HIGH) == 0) {
        return "kernel: a zImage, which is not supported";
    }
    image->header_end = MAGIC + (uint32_t)field(image, JUMP_LENGTH, 1);
    if (image->header_end < HEADER_NEEDED_END || image->header_end > HEADER_MAX_END) {
        return "kernel: setup header of impossible length";
    }
    uint64_t sectors = field(image, SETUP_SECTS, 1);
    image->payload_offset = ((sectors == 0 ? 4 : sectors) + 1) * SECTOR;
    image->payload_size = field(image, SYSSIZE, 4) * 16;
    if (image->payload_offset >= image->size) {
        return "kernel: truncated";
    }
    /* The size is in units of 16 bytes, rounded up. */
    uint64_t rest = image->size - image->payload_offset;
    if (image->payload_size <= ENTRY_64 || image->payload_size > ((rest + 15) & ~15ull)) {
        return "kernel: truncated";
    }
    image->payload_size = image->payload_size < rest ? image->payload_size : rest;
    return NULL;
}

/* RAM from 1 MiB up to the first hole. */
static uint64_t low_memory_end(const struct vm *vm)
{
    uint64_t end = vm->memory.ranges[0].size;
    return end < FOUR_GIB ? end : FOUR_GIB;
}

static bool fits(const struct linux_image *image, uint64_t address, uint64_t end)
{
    uint64_t needed = image->init_size > image->payload_size ? image->init_size : image->payload_size;
    return address >= BOOT_ROM_END && address < end && needed <= end - address;
}

static const char *choose_address(const struct vm *vm, struct linux_image *image)
{
    uint64_t preferred = field(image, PREF_ADDRESS, 8);
    uint64_t alignment = field(image, KERNEL_ALIGNMENT, 4);
    uint64_t end = low_memory_end(vm);
    image->init_size = field(image, INIT_SIZE, 4);
    if (fits(image, preferred, end)) {
        image->load_address = preferred;
        return NULL;
    }
    if (field(image, RELOCATABLE, 1) == 0) {
        return "kernel: its load address is not in the guest's memory, and it is not relocatable";
    }
    if (alignment < PAGE_SIZE_4K || (alignment & (alignment - 1)) != 0) {
        return "kernel: impossible alignment";
    }
    uint64_t lowest = (BOOT_ROM_END + alignment - 1) & ~(alignment - 1);
    if (!fits(image, lowest, end)) {
        return "kernel: more memory needed than the guest has";
    }
    image->load_address = lowest;
    return NULL;
}

/* As high as it may lie, clear of the kernel. */
static const char *place_initrd(const struct vm *vm, const struct linux_image *image, uint64_t *address)
{
    uint64_t size = image_size(&vm->initrd);
    uint64_t end = low_memory_end(vm);
    uint64_t limit = field(image, INITRD_ADDR_MAX, 4) + 1;
    end = limit < end ? limit : end;
    uint64_t kernel_end =
        image->load_address + (image->init_size > image->payload_size ? image->init_size : image->payload_size);
    if (size > UINT32_MAX || size > end) {
        return "initrd: larger than the guest's memory";
    }
    *address = (end - size) & ~(PAGE_SIZE_4K - 1);
    if (*address < kernel_end) {
        return "initrd: does not fit beside the kernel into the guest's memory";
    }
    return NULL;
}

/* struct setup_data of the boot protocol (2.09), the only one in the list. */
struct setup_rng_seed {
    uint64_t next; /* 0 */
    uint32_t type, size;
    uint8_t seed[RNG_SEED_SIZE];
};

/* Random numbers for the kernel's generator, which knows them since Linux 6.0. *address: 0 if there are none. */
static const char *write_rng_seed(struct vm *vm, uint64_t *address)
{
    struct setup_rng_seed data = {.type = SETUP_RNG_SEED, .size = RNG_SEED_SIZE};
    *address = 0;
    if (vmm_entropy(vm, data.seed, sizeof(data.seed))) {
        *address = BOOT_SETUP_DATA;
        return guest_write(&vm->memory, GPA(BOOT_SETUP_DATA), &data, sizeof(data)) ? NULL : DOES_NOT_FIT;
    }
    return NULL;
}

static void put(uint8_t *parameters, uint32_t offset, uint64_t value, uint32_t size)
{
    memcpy(parameters + offset, &value, size);
}

static void fill_parameters(struct vm *vm, const struct linux_image *image, uint64_t initrd, uint64_t setup_data,
                            uint8_t *parameters)
{
    memset(parameters, 0, PAGE_SIZE_4K);
    memcpy(parameters + HEADER_START, image->bytes + HEADER_START, image->header_end - HEADER_START);
    put(parameters, VID_MODE, 0xffff, 2); /* "normal" */
    put(parameters, TYPE_OF_LOADER, LOADER_UNDEFINED, 1);
    put(parameters, CODE32_START, image->load_address, 4);
    put(parameters, CMD_LINE_PTR, BOOT_COMMAND_LINE, 4);
    if (vm->initrd.size != 0) {
        put(parameters, RAMDISK_IMAGE, initrd, 4);
        put(parameters, RAMDISK_SIZE, image_size(&vm->initrd), 4);
    }
    put(parameters, SETUP_DATA, setup_data, 8);
    put(parameters, ACPI_RSDP_ADDR, BOOT_ACPI_TABLES, 8);
    struct boot_memory_entry map[BOOT_MEMORY_ENTRIES];
    uint32_t count = boot_memory_map(vm, map);
    put(parameters, E820_ENTRIES, count, 1);
    memcpy(parameters + E820_TABLE, map, count * sizeof(map[0]));
}

/* Is there a word of the command line that begins so? */
static bool has_parameter(const char *line, const char *prefix)
{
    size_t length = strlen(prefix);
    for (const char *p = line; *p != '\0'; p++) {
        if ((p == line || p[-1] == ' ') && strncmp(p, prefix, length) == 0) {
            return true;
        }
    }
    return false;
}

/* What is said to the kernel after the system file's command line. Linux knows the
 * TSC's frequency only on hypervisors that it knows by name; on others it measures,
 * by I/O ports whose every access is an exit, and where exits are slow it gives the
 * TSC up. Returns the length without the NUL; 0: nothing to say. */
static size_t command_line_suffix(const struct vm *vm, char *suffix, size_t size)
{
    bool named = (vm->config.flags & VM_CONFIG_HYPERVISOR_LEAF) != 0;
    if (!named || has_parameter(vm->config.command_line, "tsc_early_khz=")) {
        suffix[0] = '\0';
        return 0;
    }
    return (size_t)snprintf(suffix, size, " tsc_early_khz=%llu", (unsigned long long)(vm->clock.frequency / 1000));
}

/* NULL, or what is wrong. */
static const char *write_command_line(struct vm *vm, const struct linux_image *image)
{
    char suffix[48];
    size_t length = strlen(vm->config.command_line);
    size_t suffix_length = command_line_suffix(vm, suffix, sizeof(suffix));
    uint64_t limit = field(image, CMDLINE_SIZE, 4);
    limit = limit == 0 || limit > BOOT_COMMAND_LINE_SIZE - 1 ? BOOT_COMMAND_LINE_SIZE - 1 : limit;
    if (length > limit) {
        return "command line: longer than this kernel takes";
    }
    if (length + suffix_length > limit) {
        suffix_length = 0; /* only a help, not needed */
        suffix[0] = '\0';
    }
    if ((length != 0 && !guest_write(&vm->memory, GPA(BOOT_COMMAND_LINE), vm->config.command_line, length)) ||
        !guest_write(&vm->memory, GPA(BOOT_COMMAND_LINE + length), suffix, suffix_length + 1)) {
        return DOES_NOT_FIT;
    }
    return NULL;
}

const char *boot_linux(struct vm *vm)
{
    struct linux_image image = {.bytes = (const uint8_t *)(uintptr_t)vm->kernel.address, .size = vm->kernel.size};
    if (image.bytes == NULL) {
        return "kernel: there is none";
    }
    if (vm->kernel.unpacked_size != 0) {
        return "kernel: packed, which a bzImage has no need to be";
    }
    const char *problem = check_header(&image);
    if (problem == NULL) {
        problem = choose_address(vm, &image);
    }
    uint64_t initrd = 0;
    uint64_t setup_data = 0;
    if (problem == NULL && vm->initrd.size != 0) {
        problem = vm->initrd.address == 0 ? "initrd: there is none" : place_initrd(vm, &image, &initrd);
    }
    if (problem != NULL) {
        return problem;
    }
    problem = write_command_line(vm, &image);
    if (problem == NULL) {
        problem = write_rng_seed(vm, &setup_data);
    }
    if (problem != NULL) {
        return problem;
    }
    uint8_t *parameters = guest_slice(&vm->memory, GPA(BOOT_PARAMETERS), PAGE_SIZE_4K);
    if (parameters == NULL ||
        !guest_write(&vm->memory, GPA(image.load_address), image.bytes + image.payload_offset, image.payload_size) ||
        !boot_write_acpi(vm)) {
        return DOES_NOT_FIT;
    }
    if (vm->initrd.size != 0) {
        void *to = guest_slice(&vm->memory, GPA(initrd), image_size(&vm->initrd));
        if (to == NULL) {
            return DOES_NOT_FIT;
        }
        if (!image_read(&vm->initrd, to)) {
            return "initrd: damaged, it cannot be unpacked";
        }
    }
    fill_parameters(vm, &image, initrd, setup_data, parameters);
    if (!boot_enter_long_mode(vm, image.load_address + ENTRY_64, BOOT_STACK_TOP)) {
        return DOES_NOT_FIT;
    }
    vm->vcpus[0].page->state.gpr[VCPU_RSI] = BOOT_PARAMETERS;
    return NULL;
}
