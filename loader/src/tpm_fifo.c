/* SPDX-License-Identifier: BSD-2-Clause */
/* The FIFO interface, also called TIS (PTP 1.05, section 6.5.2): bytes go one by
 * one through one register, as many at a time as the burst count says. */
#include <loader/tpm.h>

#include <loader/physical.h>

enum fifo_register {
    FIFO_ACCESS = 0x00,
    FIFO_STATUS = 0x18,
    FIFO_DATA = 0x24,
};

#define ACCESS_VALID        0x80u
#define ACCESS_ACTIVE       0x20u
#define ACCESS_REQUEST_USE  0x02u
#define STATUS_VALID        0x80u
#define STATUS_READY        0x40u
#define STATUS_GO           0x20u
#define STATUS_DATA         0x10u
#define STATUS_EXPECT       0x08u
#define STATUS_BURST(value) ((value) >> 8 & 0xffffu)

static void set_status(struct tpm *tpm, uint32_t value)
{
    tpm->access->write(tpm->access, tpm->base + FIFO_STATUS, 1, value);
}

static bool wait_status(struct tpm *tpm, uint32_t mask, uint32_t wanted, uint32_t microseconds)
{
    return tpm_wait(tpm, tpm->base + FIFO_STATUS, 4, mask, wanted, microseconds);
}

bool tpm_fifo_start(struct tpm *tpm)
{
    uint64_t access = tpm->base + FIFO_ACCESS;
    if (!tpm_wait(tpm, access, 1, ACCESS_VALID, ACCESS_VALID, TPM_TIMEOUT_A_US)) {
        return tpm_fail(tpm, "its access register does not become valid");
    }
    tpm->access->write(tpm->access, access, 1, ACCESS_REQUEST_USE);
    uint32_t granted = ACCESS_VALID | ACCESS_ACTIVE;
    if (!tpm_wait(tpm, access, 1, granted, granted, TPM_TIMEOUT_A_US)) {
        return tpm_fail(tpm, "it does not grant locality 0");
    }
    return true;
}

/* How many bytes can go through the data register now; 0: broken. */
static uint32_t burst_count(struct tpm *tpm)
{
    for (uint32_t waited = 0; waited < TPM_TIMEOUT_A_US; waited += TPM_POLL_US) {
        uint32_t burst = STATUS_BURST(tpm->access->read(tpm->access, tpm->base + FIFO_STATUS, 4));
        if (burst > 0) {
            return burst;
        }
        tpm->access->delay(tpm->access, TPM_POLL_US);
    }
    (void)tpm_fail(tpm, "its burst count stays 0");
    return 0;
}

static bool send(struct tpm *tpm)
{
    set_status(tpm, STATUS_READY);
    if (!wait_status(tpm, STATUS_READY, STATUS_READY, TPM_TIMEOUT_B_US)) {
        return tpm_fail(tpm, "it does not become ready for a command");
    }
    for (uint32_t sent = 0; sent < tpm->command_size;) {
        /* It expects more until it has the last byte, and none after it. */
        uint32_t last = tpm->command_size - 1;
        if (sent == last &&
            !wait_status(tpm, STATUS_VALID | STATUS_EXPECT, STATUS_VALID | STATUS_EXPECT, TPM_TIMEOUT_C_US)) {
            return tpm_fail(tpm, "it expects no more after %u of %u bytes of a command", sent, tpm->command_size);
        }
        uint32_t end = sent == last ? tpm->command_size : last;
        for (uint32_t burst = burst_count(tpm); burst > 0 && sent < end; burst--) {
            tpm->access->write(tpm->access, tpm->base + FIFO_DATA, 1, tpm->command[sent++]);
        }
        if (tpm->broken) {
            return false;
        }
    }
    if (!wait_status(tpm, STATUS_VALID | STATUS_EXPECT, STATUS_VALID, TPM_TIMEOUT_C_US)) {
        return tpm_fail(tpm, "it expects more after the last byte of a command");
    }
    set_status(tpm, STATUS_GO);
    return true;
}

static bool receive(struct tpm *tpm, uint32_t *received, uint32_t end)
{
    uint32_t mask = STATUS_VALID | STATUS_DATA;
    while (*received < end) {
        if (!wait_status(tpm, mask, mask, TPM_TIMEOUT_C_US)) {
            return tpm_fail(tpm, "its answer ends after %u of %u bytes", *received, end);
        }
        for (uint32_t burst = burst_count(tpm); burst > 0 && *received < end; burst--) {
            tpm->response[(*received)++] = (uint8_t)tpm->access->read(tpm->access, tpm->base + FIFO_DATA, 1);
        }
        if (tpm->broken) {
            return false;
        }
    }
    return true;
}

static bool receive_all(struct tpm *tpm)
{
    uint32_t received = 0;
    if (!wait_status(tpm, STATUS_VALID | STATUS_DATA, STATUS_VALID | STATUS_DATA, TPM_TIMEOUT_COMMAND_US)) {
        return tpm_fail(tpm, "it does not answer");
    }
    if (!receive(tpm, &received, TPM_HEADER_SIZE)) {
        return false;
    }
    uint32_t size = read_be32(tpm->response + 2);
    if (size < TPM_HEADER_SIZE || size > TPM_BUFFER_SIZE) {
        return tpm_fail(tpm, "its answer says that it has %u bytes", size);
    }
    if (!receive(tpm, &received, size)) {
        return false;
    }
    if (!wait_status(tpm, STATUS_VALID | STATUS_DATA, STATUS_VALID, TPM_TIMEOUT_C_US)) {
        return tpm_fail(tpm, "its answer is longer than the %u bytes that it says", size);
    }
    tpm->response_size = size;
    return true;
}

bool tpm_fifo_transmit(struct tpm *tpm)
{
    bool done = send(tpm) && receive_all(tpm);
    set_status(tpm, STATUS_READY); /* ends or aborts the command */
    return done;
}

void tpm_fifo_stop(struct tpm *tpm)
{
    tpm->access->write(tpm->access, tpm->base + FIFO_ACCESS, 1, ACCESS_ACTIVE);
}
