/* SPDX-License-Identifier: BSD-2-Clause */
/* Putting commands together, taking answers apart (TPM Library part 1, chapters 16
 * to 18; all integers big-endian). */
#include <loader/tpm.h>

#include <base/format.h>
#include <base/memory.h>
#include <loader/physical.h>

#define TAG_NO_SESSIONS  0x8001u
#define TAG_SESSIONS     0x8002u
#define HANDLE_PASSWORD  0x40000009u
#define PASSWORD_SIZE    9u /* of the empty one: handle, two empty buffers, attributes */
#define CONTINUE_SESSION 0x01u

/* A TPM that is busy says so at once; how long to be patient with it. */
#define RETRY_DELAY_US 20000u
#define RETRY_MAX_US   10000000u

/* --- Commands --- */

void tpm_put_bytes(struct tpm *tpm, const void *bytes, uint32_t size)
{
    if (tpm->command_overflow || size > TPM_BUFFER_SIZE - tpm->command_size) {
        tpm->command_overflow = true;
        return;
    }
    memcpy(tpm->command + tpm->command_size, bytes, size);
    tpm->command_size += size;
}

void tpm_put_u8(struct tpm *tpm, uint8_t value)
{
    tpm_put_bytes(tpm, &value, sizeof(value));
}

void tpm_put_u16(struct tpm *tpm, uint16_t value)
{
    tpm_put_bytes(tpm, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, sizeof(value));
}

void tpm_put_u32(struct tpm *tpm, uint32_t value)
{
    tpm_put_u16(tpm, (uint16_t)(value >> 16));
    tpm_put_u16(tpm, (uint16_t)value);
}

void tpm_put_u64(struct tpm *tpm, uint64_t value)
{
    tpm_put_u32(tpm, (uint32_t)(value >> 32));
    tpm_put_u32(tpm, (uint32_t)value);
}

static void set_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void tpm_begin(struct tpm *tpm, uint32_t command_code)
{
    tpm->command_size = 0;
    tpm->command_overflow = false;
    tpm_put_u16(tpm, TAG_NO_SESSIONS);
    tpm_put_u32(tpm, 0); /* size, known later */
    tpm_put_u32(tpm, command_code);
}

void tpm_put_empty_password(struct tpm *tpm)
{
    set_u16(tpm->command, TAG_SESSIONS);
    tpm_put_u32(tpm, PASSWORD_SIZE);
    tpm_put_u32(tpm, HANDLE_PASSWORD);
    tpm_put_u16(tpm, 0); /* nonce */
    tpm_put_u8(tpm, CONTINUE_SESSION);
    tpm_put_u16(tpm, 0); /* password */
}

/* --- Answers --- */

const uint8_t *tpm_get_bytes(struct tpm_reader *reader, uint32_t size)
{
    if (reader->overrun || size > reader->size - reader->position) {
        reader->overrun = true;
        return NULL;
    }
    const uint8_t *bytes = reader->bytes + reader->position;
    reader->position += size;
    return bytes;
}

uint8_t tpm_get_u8(struct tpm_reader *reader)
{
    const uint8_t *b = tpm_get_bytes(reader, 1);
    return b == NULL ? 0 : b[0];
}

uint16_t tpm_get_u16(struct tpm_reader *reader)
{
    const uint8_t *b = tpm_get_bytes(reader, 2);
    if (b == NULL) {
        return 0;
    }
    return (uint16_t)(b[0] << 8 | b[1]);
}

uint32_t tpm_get_u32(struct tpm_reader *reader)
{
    const uint8_t *b = tpm_get_bytes(reader, 4);
    return b == NULL ? 0 : read_be32(b);
}

uint64_t tpm_get_u64(struct tpm_reader *reader)
{
    uint64_t high = tpm_get_u32(reader);
    return high << 32 | tpm_get_u32(reader);
}

static uint32_t broken(struct tpm *tpm, const char *what)
{
    (void)tpm_fail(tpm, "%s", what);
    return TPM_BROKEN;
}

uint32_t tpm_end(struct tpm *tpm, const struct tpm_reader *reader, const char *command)
{
    if (reader->overrun || reader->position != reader->size) {
        (void)tpm_fail(tpm, "its answer to %s is %s than it should be", command,
                       reader->overrun ? "shorter" : "longer");
        return TPM_BROKEN;
    }
    return TPM_OK;
}

/* What follows the parameters: the password session's empty answer. */
static bool password_answer_valid(struct tpm_reader *rest)
{
    uint16_t nonce_size = tpm_get_u16(rest);
    (void)tpm_get_u8(rest); /* attributes */
    uint16_t mac_size = tpm_get_u16(rest);
    return !rest->overrun && nonce_size == 0 && mac_size == 0 && rest->position == rest->size;
}

/* Checks the header (part 1, section 18.2); leaves *reader at the parameters. */
static uint32_t take_answer_apart(struct tpm *tpm, struct tpm_reader *reader)
{
    uint32_t sent_tag = (uint32_t)tpm->command[0] << 8 | tpm->command[1];
    *reader = (struct tpm_reader){.bytes = tpm->response, .size = tpm->response_size};
    uint16_t tag = tpm_get_u16(reader);
    uint32_t size = tpm_get_u32(reader);
    uint32_t result = tpm_get_u32(reader);
    if (reader->overrun || size != tpm->response_size) {
        return broken(tpm, "its answer has a wrong size");
    }
    if (result != TPM_OK) {
        if (tag != TAG_NO_SESSIONS || size != TPM_HEADER_SIZE || result == TPM_BROKEN) {
            return broken(tpm, tag == 0x00c4u ? "it is no TPM 2.0" : "its error message has a wrong form");
        }
        return result;
    }
    if (tag != sent_tag) {
        return broken(tpm, "its answer has a wrong tag");
    }
    if (tag == TAG_SESSIONS) {
        uint32_t parameters = tpm_get_u32(reader);
        struct tpm_reader rest = *reader;
        if (tpm_get_bytes(&rest, parameters) == NULL || !password_answer_valid(&rest)) {
            return broken(tpm, "its answer's authorization has a wrong form");
        }
        reader->size = reader->position + parameters;
    }
    return TPM_OK;
}

static bool asks_for_patience(uint32_t result)
{
    return result == TPM_RC_RETRY || result == TPM_RC_YIELDED || result == TPM_RC_TESTING || result == TPM_RC_NV_RATE;
}

uint32_t tpm_run(struct tpm *tpm, struct tpm_reader *reader)
{
    *reader = (struct tpm_reader){0};
    if (tpm->broken) {
        return TPM_BROKEN;
    }
    if (tpm->command_overflow) {
        return broken(tpm, "a command does not fit the buffer: a bug in the loader");
    }
    set_u16(tpm->command + 2, tpm->command_size >> 16);
    set_u16(tpm->command + 4, tpm->command_size);
    for (uint32_t waited = 0;; waited += RETRY_DELAY_US) {
        tpm->response_size = 0;
        bool sent = tpm->interface == HARDWARE_TPM_FIFO ? tpm_fifo_transmit(tpm) : tpm_crb_transmit(tpm);
        if (!sent) {
            return TPM_BROKEN;
        }
        uint32_t result = take_answer_apart(tpm, reader);
        if (!asks_for_patience(result)) {
            return result;
        }
        if (waited >= RETRY_MAX_US) {
            (void)tpm_fail(tpm, "it asks for patience for too long (0x%x)", result);
            return TPM_BROKEN;
        }
        tpm->access->delay(tpm->access, RETRY_DELAY_US);
    }
}

/* --- Words --- */

const char *tpm_result_text(struct tpm *tpm, uint32_t result)
{
    if (result == TPM_BROKEN) {
        return tpm->problem;
    }
    switch (result) {
    case TPM_OK:
        return "done";
    case TPM_RC_NV_SPACE:
        return "its memory for NV indices is full";
    case TPM_RC_NV_LOCKED:
        return "the index is locked until the machine is reset";
    case TPM_RC_AUTH_UNAVAILABLE:
        return "its owner has a password";
    default:
        break;
    }
    switch (TPM_RC_FORMAT1(result)) {
    case TPM_RC_AUTH_FAIL:
    case TPM_RC_BAD_AUTH:
        return "it asks for a password";
    case TPM_RC_HIERARCHY:
        return "its owner hierarchy is switched off";
    default:
        break;
    }
    /* Not a problem of its transport, but the place for text is the same. */
    snprintf(tpm->problem, sizeof(tpm->problem), "it answers with code 0x%x", result);
    return tpm->problem;
}
