/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel images of any content. The first bytes choose command line, initrd size
 * and load address; the rest is the image, its setup header made plausible by
 * one more choice, so that what lies behind the first checks is reached.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vmm/vm.h>

#include "../unit/vmm/core/machine_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_plausible(uint8_t *image, size_t size)
{
    static const struct {
        uint32_t offset;
        uint8_t length;
        uint8_t bytes[4];
    } fields[] = {
        {0x1fe, 2, {0x55, 0xaa}}, {0x202, 4, {'H', 'd', 'r', 'S'}},
        {0x206, 2, {0x0f, 0x02}}, {0x211, 1, {1}},
        {0x236, 2, {3, 0}},       {0x201, 1, {0x6a}},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].offset + fields[i].length <= size) {
            memcpy(image + fields[i].offset, fields[i].bytes, fields[i].length);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 16) {
        return 0;
    }
    uint8_t *image = malloc(size - 16 + 1);
    memcpy(image, data + 16, size - 16);
    if ((data[0] & 1) != 0) {
        make_plausible(image, size - 16);
    }
    struct machine_fixture f;
    fixture_configure(&f, image, size - 16);
    f.config.boot_protocol = (data[0] & 2) != 0 ? VM_BOOT_FLAT : VM_BOOT_LINUX;
    f.config.ram[0].size = (data[0] & 4) != 0 ? FIXTURE_RAM_SIZE : FIXTURE_HIGH_SIZE;
    uint8_t initrd[64] = {0};
    f.config.initrd = (struct vm_image){.address = (uintptr_t)initrd, .size = data[1] % sizeof(initrd)};
    f.config.initrd.unpacked_size = (data[0] & 8) != 0 ? data[4] : 0;
    f.config.kernel.unpacked_size = (data[0] & 16) != 0 ? (uint64_t)(data[4] | data[5] << 8) : 0;
    memcpy(&f.config.kernel_load_address, data + 8, 8);
    memset(f.config.command_line, 'x', (data[2] | data[3] << 8) % (int)sizeof(f.config.command_line));
    if (fixture_create(&f) == NULL) {
        vmm_begin(f.vm);
        if (f.vm->state != VM_STATE_RUNNING && f.vm->state != VM_STATE_FAILED) {
            abort();
        }
    }
    fixture_destroy(&f);
    free(image);
    return 0;
}
