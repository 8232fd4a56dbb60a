/* SPDX-License-Identifier: BSD-2-Clause */
/* The command response buffer interface (PTP 1.05, section 6.5.3): command and
 * answer lie in memory, which the TPM's registers point to. */
#include <loader/tpm.h>

#include <loader/physical.h>

enum crb_register {
    CRB_LOCALITY_STATE = 0x00,
    CRB_LOCALITY_CONTROL = 0x08,
    CRB_REQUEST = 0x40,
    CRB_STATUS = 0x44,
    CRB_CANCEL = 0x48,
    CRB_START = 0x4c,
    CRB_COMMAND_SIZE = 0x58,
    CRB_COMMAND_LOW = 0x5c,
    CRB_COMMAND_HIGH = 0x60,
    CRB_RESPONSE_SIZE = 0x64,
    CRB_RESPONSE_LOW = 0x68,
    CRB_RESPONSE_HIGH = 0x6c,
};

#define LOCALITY_ASSIGNED   0x02u
#define LOCALITY_NUMBER     0x1cu
#define LOCALITY_VALID      0x80u
#define LOCALITY_REQUEST    0x01u
#define LOCALITY_RELINQUISH 0x02u
#define REQUEST_READY       0x01u
#define REQUEST_IDLE        0x02u
#define STATUS_ERROR        0x01u
#define STATUS_IDLE         0x02u

static uint32_t read32(const struct tpm *tpm, uint32_t offset)
{
    return tpm->access->read(tpm->access, tpm->base + offset, 4);
}

static void write32(struct tpm *tpm, uint32_t offset, uint32_t value)
{
    tpm->access->write(tpm->access, tpm->base + offset, 4, value);
}

static bool wait32(const struct tpm *tpm, uint32_t offset, uint32_t mask, uint32_t wanted, uint32_t microseconds)
{
    return tpm_wait(tpm, tpm->base + offset, 4, mask, wanted, microseconds);
}

/* Where the buffers are; the registers are read once. */
static bool find_buffers(struct tpm *tpm)
{
    tpm->command_capacity = read32(tpm, CRB_COMMAND_SIZE);
    tpm->command_address = (uint64_t)read32(tpm, CRB_COMMAND_HIGH) << 32 | read32(tpm, CRB_COMMAND_LOW);
    tpm->response_capacity = read32(tpm, CRB_RESPONSE_SIZE);
    tpm->response_address = (uint64_t)read32(tpm, CRB_RESPONSE_HIGH) << 32 | read32(tpm, CRB_RESPONSE_LOW);
    if (tpm->command_capacity < TPM_HEADER_SIZE || tpm->response_capacity < TPM_HEADER_SIZE) {
        return tpm_fail(tpm, "its buffers have %u and %u bytes", tpm->command_capacity, tpm->response_capacity);
    }
    if (!tpm->access->reach(tpm->access, tpm->command_address, tpm->command_capacity) ||
        !tpm->access->reach(tpm->access, tpm->response_address, tpm->response_capacity)) {
        return tpm_fail(tpm, "its buffers at 0x%llx and 0x%llx cannot be reached or lie in usable memory",
                        (unsigned long long)tpm->command_address, (unsigned long long)tpm->response_address);
    }
    return true;
}

bool tpm_crb_start(struct tpm *tpm)
{
    write32(tpm, CRB_LOCALITY_CONTROL, LOCALITY_REQUEST);
    if (!wait32(tpm, CRB_LOCALITY_STATE, LOCALITY_VALID | LOCALITY_NUMBER | LOCALITY_ASSIGNED,
                LOCALITY_VALID | LOCALITY_ASSIGNED, TPM_TIMEOUT_A_US)) {
        return tpm_fail(tpm, "it does not grant locality 0");
    }
    return find_buffers(tpm);
}

static bool go_idle(struct tpm *tpm)
{
    write32(tpm, CRB_REQUEST, REQUEST_IDLE);
    return wait32(tpm, CRB_REQUEST, REQUEST_IDLE, 0, TPM_TIMEOUT_C_US);
}

static bool get_ready(struct tpm *tpm)
{
    write32(tpm, CRB_REQUEST, REQUEST_READY);
    if (!wait32(tpm, CRB_REQUEST, REQUEST_READY, 0, TPM_TIMEOUT_C_US) ||
        !wait32(tpm, CRB_STATUS, STATUS_IDLE | STATUS_ERROR, 0, TPM_TIMEOUT_C_US)) {
        return tpm_fail(tpm, "it does not become ready for a command");
    }
    return true;
}

static bool wait_for_answer(struct tpm *tpm)
{
    if (wait32(tpm, CRB_START, 1, 0, TPM_TIMEOUT_COMMAND_US)) {
        return true;
    }
    write32(tpm, CRB_CANCEL, 1);
    (void)wait32(tpm, CRB_START, 1, 0, TPM_TIMEOUT_B_US);
    write32(tpm, CRB_CANCEL, 0);
    return tpm_fail(tpm, "it does not answer");
}

static void read_response(struct tpm *tpm, uint32_t from, uint32_t end)
{
    for (uint32_t i = from; i < end; i++) {
        tpm->response[i] = (uint8_t)tpm->access->read(tpm->access, tpm->response_address + i, 1);
    }
}

static bool exchange(struct tpm *tpm)
{
    if (tpm->command_size > tpm->command_capacity) {
        return tpm_fail(tpm, "its buffer has only %u bytes, a command needs %u", tpm->command_capacity,
                        tpm->command_size);
    }
    for (uint32_t i = 0; i < tpm->command_size; i++) {
        tpm->access->write(tpm->access, tpm->command_address + i, 1, tpm->command[i]);
    }
    write32(tpm, CRB_START, 1);
    if (!wait_for_answer(tpm)) {
        return false;
    }
    if ((read32(tpm, CRB_STATUS) & STATUS_ERROR) != 0) {
        return tpm_fail(tpm, "it reports an error");
    }
    read_response(tpm, 0, TPM_HEADER_SIZE);
    uint32_t size = read_be32(tpm->response + 2);
    if (size < TPM_HEADER_SIZE || size > TPM_BUFFER_SIZE || size > tpm->response_capacity) {
        return tpm_fail(tpm, "its answer says that it has %u bytes", size);
    }
    read_response(tpm, TPM_HEADER_SIZE, size);
    tpm->response_size = size;
    return true;
}

bool tpm_crb_transmit(struct tpm *tpm)
{
    bool done = get_ready(tpm) && exchange(tpm);
    bool idle = go_idle(tpm);
    if (done && !idle) {
        return tpm_fail(tpm, "it does not become idle");
    }
    return done;
}

void tpm_crb_stop(struct tpm *tpm)
{
    write32(tpm, CRB_LOCALITY_CONTROL, LOCALITY_RELINQUISH);
}
