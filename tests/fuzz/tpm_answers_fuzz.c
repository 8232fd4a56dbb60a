/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TPM whose answers are the input: one after the other, each with a length
 * in front. The first byte says how well it behaves otherwise: bit 0 chooses the
 * interface, bit 1 puts a right header in front of each answer, bit 2 makes all
 * registers come from the input too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <loader/log.h>
#include <loader/measured_boot.h>
#include <loader/rollback.h>
#include <loader/tpm.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE     0xfed40000ull
#define LOG_SIZE 0x4000u

void log_warning(const char *format, ...)
{
    (void)format;
}

struct device {
    struct tpm_access access;
    const uint8_t *data;
    size_t size;
    bool crb, right_headers, wild;
    bool command_sessions, answering;
    uint32_t written, read, answer_size;
    uint8_t command[TPM_BUFFER_SIZE], answer[300];
};

static uint8_t next(struct device *device)
{
    if (device->size == 0) {
        return 0;
    }
    device->size--;
    return *device->data++;
}

static void put_be(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void make_answer(struct device *device)
{
    uint32_t length = next(device);
    uint32_t start = device->right_headers ? 10 : 0;
    device->answer_size = start + length;
    device->read = 0;
    for (uint32_t i = start; i < device->answer_size; i++) {
        device->answer[i] = next(device);
    }
    if (device->right_headers) {
        bool sessions = device->command[1] == 2;
        memcpy(device->answer, sessions ? "\x80\x02" : "\x80\x01", 2);
        put_be(device->answer + 2, device->answer_size);
        put_be(device->answer + 6, 0);
        if (sessions && length >= 9) {
            put_be(device->answer + 10, length - 9);
            memset(device->answer + device->answer_size - 5, 0, 5);
        }
    }
    device->answering = true;
    device->written = 0;
}

static uint32_t fifo(struct device *device, uint32_t offset)
{
    bool data = device->answering && device->read < device->answer_size;
    switch (offset) {
    case 0x00:
        return 0xa0;
    case 0x18:
        if (device->answering) {
            uint32_t left = device->answer_size - device->read;
            return 0x80u | (data ? 0x10u : 0) | (left < 9 ? left : 9) << 8;
        }
        return 0x80u | 0x40u | 9u << 8 |
               (device->written < 10 ||
                        device->written < ((uint32_t)device->command[4] << 8 | (uint32_t)device->command[5])
                    ? 0x08u
                    : 0);
    case 0x24:
        return data ? device->answer[device->read++] : 0xff;
    default:
        return 0x11014;
    }
}

static uint32_t crb(const struct device *device, uint32_t offset)
{
    switch (offset) {
    case 0x00:
        return 0x82;
    case 0x58:
    case 0x64:
        return 0xf80;
    case 0x5c:
    case 0x68:
        return (uint32_t)BASE + 0x80;
    case 0x30:
        return 1;
    case 0xf00:
        return 0x11014;
    default:
        return offset >= 0x80 && offset - 0x80 < device->answer_size ? device->answer[offset - 0x80] : 0;
    }
}

static uint32_t read(const struct tpm_access *access, uint64_t address, uint32_t width)
{
    struct device *device = (struct device *)(uintptr_t)access;
    uint32_t offset = (uint32_t)(address - BASE);
    if (address < BASE || offset >= 0x1000 || width > 0x1000 - offset) {
        abort();
    }
    if (device->wild && device->size > 0) {
        uint32_t value = 0;
        for (uint32_t i = 0; i < width; i++) {
            value = value << 8 | next(device);
        }
        return value;
    }
    return device->crb ? crb(device, offset) : fifo(device, offset);
}

static void write(const struct tpm_access *access, uint64_t address, uint32_t width, uint32_t value)
{
    struct device *device = (struct device *)(uintptr_t)access;
    uint32_t offset = (uint32_t)(address - BASE);
    if (address < BASE || offset >= 0x1000 || width > 0x1000 - offset) {
        abort();
    }
    if (device->crb ? offset == 0x4c : offset == 0x18 && value == 0x20) {
        make_answer(device);
    } else if (!device->crb && offset == 0x18) {
        device->answering = false;
        device->written = 0;
    } else if ((device->crb ? offset >= 0x80 : offset == 0x24)) {
        uint32_t at = device->crb ? offset - 0x80 : device->written;
        device->command[at % TPM_BUFFER_SIZE] = (uint8_t)value;
        device->written++;
    }
}

static bool reach(const struct tpm_access *access, uint64_t address, uint64_t size)
{
    (void)access;
    return address >= BASE && address < BASE + 0x1000 && size <= BASE + 0x1000 - address;
}

static void delay(const struct tpm_access *access, uint32_t microseconds)
{
    (void)access;
    (void)microseconds;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hardware_info hardware;
    static struct hardware_verification verification;
    static struct tpm tpm;
    static struct manifest manifest = {.image_count = 1, .system_name = "fuzz"};
    struct rollback rollback;
    struct measured_boot boot;
    if (size < 1) {
        return 0;
    }
    struct device device = {.access = {read, write, reach, delay}, .data = data + 1, .size = size - 1};
    device.crb = (data[0] & 1) != 0;
    device.right_headers = (data[0] & 2) != 0;
    device.wild = (data[0] & 4) != 0;
    if (!tpm_open(&tpm, &device.access, &hardware)) {
        return 0;
    }
    uint8_t *log = malloc(LOG_SIZE); /* for the address sanitizer */
    if (log == NULL) {
        abort();
    }
    /* Each from an unbroken TPM, so that one wrong answer does not hide the rest. */
    rollback_find(&rollback, &tpm, "fuzz", false);
    tpm.broken = false;
    (void)rollback_keep(&rollback, 7, true);
    tpm.broken = false;
    measured_boot_start(&boot, &tpm, log, LOG_SIZE);
    tpm.broken = false;
    measured_boot_command_line(&boot, "quiet");
    measured_boot_image(&boot, &manifest, &manifest.images[0], manifest.images[0].hash);
    tpm.broken = false;
    measured_boot_end(&boot, &verification);
    if (boot.log_size > LOG_SIZE || verification.pcr_value_count > HARDWARE_MAX_PCR_VALUES) {
        abort();
    }
    tpm.broken = false;
    uint8_t random[64];
    (void)tpm_random(&tpm, random, sizeof(random));
    tpm_close(&tpm);
    free(log);
    return 0;
}
