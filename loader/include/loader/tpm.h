/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TPM 2.0: finding it, and sending it commands. Whatever it answers, nothing
 * here hangs or reaches beyond a buffer: every wait has an end, every answer's
 * sizes are checked. After a first answer that no TPM may give, the TPM counts as
 * broken and is not asked again.
 *
 * Registers: TCG PC Client Platform TPM Profile (PTP) 1.05. Commands: TCG TPM
 * Library, parts 2 and 3, version 1.59.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skyscope/boot_info.h>
#include <skyscope/event_log.h>

#define TPM_BUFFER_SIZE 4096u

/* How registers are reached and time passes; host tests put a fake device behind it. */
struct tpm_access {
    /* width: 1 or 4 bytes; address: physical, a multiple of width */
    uint32_t (*read)(const struct tpm_access *access, uint64_t address, uint32_t width);
    void (*write)(const struct tpm_access *access, uint64_t address, uint32_t width, uint32_t value);
    /* Whether the loader can reach [address, address + size), and it is no usable memory. */
    bool (*reach)(const struct tpm_access *access, uint64_t address, uint64_t size);
    void (*delay)(const struct tpm_access *access, uint32_t microseconds); /* at least so long */
};

struct tpm {
    const struct tpm_access *access;
    uint32_t interface; /* enum hardware_tpm_interface; NONE: no TPM that can be used */
    uint64_t base;      /* of locality 0's registers */
    bool broken;
    char problem[120];                            /* why it is broken or there is none, in English */
    uint64_t command_address, response_address;   /* command response buffer only */
    uint32_t command_capacity, response_capacity; /* ditto; bytes */
    uint32_t command_size, response_size;
    bool command_overflow; /* what was put did not fit */
    uint8_t command[TPM_BUFFER_SIZE], response[TPM_BUFFER_SIZE];
};

/* --- Finding and using it (tpm_find.c) --- */

/* Opens the TPM that the ACPI table names (hardware->tpm_start_method) or, if
 * there is no table, that answers at the customary address; sees to it that it
 * has been started. False and tpm->problem; tpm->interface says whether there
 * is any. */
bool tpm_open(struct tpm *tpm, const struct tpm_access *access, const struct hardware_info *hardware);
/* Gives locality 0 back. Nothing can be sent any more. */
void tpm_close(struct tpm *tpm);
/* Marks the TPM broken. Returns false. */
__attribute__((format(printf, 2, 3))) bool tpm_fail(struct tpm *tpm, const char *format, ...);

/* --- The two interfaces (tpm_fifo.c, tpm_crb.c) --- */

/* Take locality 0. False: tpm->problem. */
bool tpm_fifo_start(struct tpm *tpm);
bool tpm_crb_start(struct tpm *tpm);
/* Send tpm->command and receive tpm->response, of at least a header's size. False: broken. */
bool tpm_fifo_transmit(struct tpm *tpm);
bool tpm_crb_transmit(struct tpm *tpm);
void tpm_fifo_stop(struct tpm *tpm);
void tpm_crb_stop(struct tpm *tpm);

/* Reads until (value & mask) == wanted, at most so long. */
bool tpm_wait(const struct tpm *tpm, uint64_t address, uint32_t width, uint32_t mask, uint32_t wanted,
              uint32_t microseconds);

#define TPM_HEADER_SIZE        10u
/* PTP 1.05, table 17. Command times: generous, since they only bound the wait for a dead TPM. */
#define TPM_TIMEOUT_A_US       750000u
#define TPM_TIMEOUT_B_US       2000000u
#define TPM_TIMEOUT_C_US       200000u
#define TPM_TIMEOUT_COMMAND_US 30000000u
#define TPM_POLL_US            50u

/* --- Commands (tpm_command.c) --- */

/* Results: 0, a TPM's response code, or TPM_BROKEN (tpm->problem says why). */
#define TPM_OK     0u
#define TPM_BROKEN 0xffffffffu

enum tpm_response_code {
    TPM_RC_INITIALIZE = 0x100,
    TPM_RC_AUTH_UNAVAILABLE = 0x12f,
    TPM_RC_NV_LOCKED = 0x148,
    TPM_RC_NV_UNINITIALIZED = 0x14a,
    TPM_RC_NV_SPACE = 0x14b,
    TPM_RC_NV_DEFINED = 0x14c,
    TPM_RC_YIELDED = 0x908,
    TPM_RC_TESTING = 0x90a,
    TPM_RC_NV_RATE = 0x920,
    TPM_RC_RETRY = 0x922,
};
/* Part 2, section 6.6.2: codes about a handle, parameter or session, without its number. */
#define TPM_RC_FORMAT1(code) ((code)&0x80u ? (code)&0xbfu : 0u)
#define TPM_RC_HIERARCHY     0x085u
#define TPM_RC_AUTH_FAIL     0x08eu
#define TPM_RC_BAD_AUTH      0x0a2u
#define TPM_RC_HANDLE        0x08bu

/* An answer's parameters, read one after the other. Reading beyond the end gives
 * zeros and is remembered. */
struct tpm_reader {
    const uint8_t *bytes;
    uint32_t size, position;
    bool overrun;
};
uint8_t tpm_get_u8(struct tpm_reader *reader);
uint16_t tpm_get_u16(struct tpm_reader *reader);
uint32_t tpm_get_u32(struct tpm_reader *reader);
uint64_t tpm_get_u64(struct tpm_reader *reader);
/* size bytes in the answer, NULL if there are not so many. */
const uint8_t *tpm_get_bytes(struct tpm_reader *reader, uint32_t size);

/* A command is begun, its handles put; then, if it needs authorization, an empty
 * password for one handle; then its parameters. tpm_run() sends it, again while
 * the TPM asks for patience, and leaves *reader at the answer's parameters. */
void tpm_begin(struct tpm *tpm, uint32_t command_code);
void tpm_put_u8(struct tpm *tpm, uint8_t value);
void tpm_put_u16(struct tpm *tpm, uint16_t value);
void tpm_put_u32(struct tpm *tpm, uint32_t value);
void tpm_put_u64(struct tpm *tpm, uint64_t value);
void tpm_put_bytes(struct tpm *tpm, const void *bytes, uint32_t size);
void tpm_put_empty_password(struct tpm *tpm);
uint32_t tpm_run(struct tpm *tpm, struct tpm_reader *reader);
/* To be called after the last parameter: TPM_OK if there was no overrun and
 * nothing is left, else the TPM is broken. */
uint32_t tpm_end(struct tpm *tpm, const struct tpm_reader *reader, const char *command);

/* A result in words, for messages. Valid until the next call for this TPM. */
const char *tpm_result_text(struct tpm *tpm, uint32_t result);

/* --- What the loader asks for (tpm_pcr.c, tpm_nv.c, tpm_random.c) --- */

enum tpm_property {
    TPM_PT_MANUFACTURER = 0x105,
    TPM_PT_FIRMWARE_VERSION_1 = 0x10b,
    TPM_PT_FIRMWARE_VERSION_2 = 0x10c,
    TPM_PT_PERMANENT = 0x200,
};
#define TPM_PERMANENT_OWNER_AUTH_SET 1u

/* Starts the TPM if nobody has. */
uint32_t tpm_startup(struct tpm *tpm);
uint32_t tpm_property(struct tpm *tpm, uint32_t property, uint32_t *value);

/* All of size random bytes, or a result and zeros. Leaves none in the buffers. */
uint32_t tpm_random(struct tpm *tpm, uint8_t *bytes, uint16_t size);

/* PCR banks in which both of the loader's PCRs are. */
struct tpm_banks {
    uint32_t count;
    uint16_t algorithms[EVENT_LOG_MAX_ALGORITHMS]; /* enum tpm_hash_algorithm, of known size */
};

struct tpm_digests {
    uint32_t count;
    struct tpm_digest {
        uint16_t algorithm, size;
        uint8_t bytes[EVENT_LOG_MAX_DIGEST];
    } digests[EVENT_LOG_MAX_ALGORITHMS];
};

uint32_t tpm_pcr_banks(struct tpm *tpm, struct tpm_banks *banks);
/* Has the TPM hash data (at most 1024 bytes) and extend the PCR in all of its
 * banks. *digests: those of the given banks, in their order. */
uint32_t tpm_pcr_event(struct tpm *tpm, uint32_t pcr, const void *data, uint32_t size, const struct tpm_banks *banks,
                       struct tpm_digests *digests);
uint32_t tpm_pcr_read(struct tpm *tpm, uint16_t algorithm, uint32_t pcr, struct tpm_digest *value);

#define TPM_EVENT_MAX 1024u

/* NV index attributes (part 2, section 13.4). */
enum tpm_nv_attribute {
    TPM_NV_AUTHWRITE = 1 << 2,
    TPM_NV_WRITELOCKED = 1 << 11,
    TPM_NV_WRITE_STCLEAR = 1 << 14,
    TPM_NV_OWNERREAD = 1 << 17,
    TPM_NV_AUTHREAD = 1 << 18,
    TPM_NV_NO_DA = 1 << 25,
    TPM_NV_WRITTEN = 1 << 29,
};

struct tpm_nv_public {
    uint32_t handle, attributes, size; /* size: bytes of data */
};

/* Existing NV indices in [first, first + count), at most count of them. */
uint32_t tpm_nv_list(struct tpm *tpm, uint32_t first, uint32_t count, uint32_t *handles, uint32_t *found);
uint32_t tpm_nv_read_public(struct tpm *tpm, uint32_t handle, struct tpm_nv_public *public);
/* By the owner hierarchy with an empty password, for an index with an empty password. */
uint32_t tpm_nv_define(struct tpm *tpm, const struct tpm_nv_public *public);
/* All of the index, by its own empty password. */
uint32_t tpm_nv_read(struct tpm *tpm, uint32_t handle, void *data, uint16_t size);
uint32_t tpm_nv_write(struct tpm *tpm, uint32_t handle, const void *data, uint16_t size);
/* No more writing until the TPM is reset. */
uint32_t tpm_nv_write_lock(struct tpm *tpm, uint32_t handle);
