/* SPDX-License-Identifier: BSD-2-Clause */
#include "tpm_view.h"

#include <base/memory.h>

#include "event_log.h"

#define LOG_BEGIN  "-----BEGIN TCG EVENT LOG-----\n"
#define LOG_END    "-----END TCG EVENT LOG-----\n"
/* Bytes in a line of base64. */
#define RAW_BYTES  48u
/* Room in the output that one event may need. */
#define EVENT_ROOM 4096u
#define TEXT_LIMIT 1024u

static void show_bytes(struct text_output *out, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        print(out, "%02x", bytes[i]);
    }
}

/* NULL if there is no log, or none that lies in the region. */
static const uint8_t *log_of(const struct hardware_info *hardware, uint32_t *size)
{
    uint32_t offset = hardware->verification.event_log_offset;
    *size = hardware->verification.event_log_size;
    if (*size == 0 || offset < sizeof(*hardware) || offset > HARDWARE_INFO_REGION_SIZE ||
        *size > HARDWARE_INFO_REGION_SIZE - offset) {
        return NULL;
    }
    return (const uint8_t *)hardware + offset;
}

static bool open_log(struct text_output *out, const struct hardware_info *hardware, struct event_log *log)
{
    uint32_t size;
    const uint8_t *bytes = log_of(hardware, &size);
    if (bytes == NULL) {
        print(out, "there is no event log: nothing was measured\n");
        return false;
    }
    if (!event_log_open(log, bytes, size)) {
        print(out, "the event log is wrong: %s\n", log->problem);
        return false;
    }
    return true;
}

/* --- The TPM --- */

static void show_rollback(struct text_output *out, const struct hardware_verification *verification)
{
    if (verification->rollback_store != HARDWARE_ROLLBACK_TPM_NV) {
        print(out, "  rollback index   none is kept\n");
    } else if (verification->rollback_handle == 0) {
        print(out, "  rollback index   none is kept: the system's is 0\n");
    } else {
        print(out, "  rollback index   %llu, kept in NV index 0x%x; %llu when this start began\n",
              (unsigned long long)verification->rollback_index, (unsigned int)verification->rollback_handle,
              (unsigned long long)verification->stored_rollback_index);
    }
}

static const char *compare_pcr(const struct event_log *log, const struct hardware_pcr_value *known)
{
    uint8_t replayed[EVENT_LOG_MAX_DIGEST];
    if (log == NULL || !event_log_replay(log, known->pcr, known->algorithm, replayed)) {
        return "not compared with the log here";
    }
    return memcmp(replayed, known->value, known->size) == 0 ? "as the log says" : "NOT what the log says";
}

static void show_pcrs(struct text_output *out, const struct hardware_verification *verification,
                      const struct event_log *log)
{
    uint32_t count = verification->pcr_value_count;
    for (uint32_t i = 0; i < count && i < HARDWARE_MAX_PCR_VALUES; i++) {
        const struct hardware_pcr_value *known = &verification->pcr_values[i];
        if (known->size != 0 && known->size == tpm_hash_size(known->algorithm)) {
            print(out, "  PCR %-2u %-8s  ", (unsigned int)known->pcr, tpm_hash_name(known->algorithm));
            show_bytes(out, known->value, known->size);
            print(out, "\n                   %s\n", compare_pcr(log, known));
        }
    }
}

void show_tpm(struct text_output *out, const struct hardware_info *hardware)
{
    const struct hardware_verification *verification = &hardware->verification;
    struct event_log log;
    uint32_t size;
    if (verification->tpm_interface == HARDWARE_TPM_NONE) {
        print(out, "this machine has no TPM 2.0 that can be used: nothing was measured, no rollback index is kept\n");
        return;
    }
    print(out, "TPM 2.0: %s interface, manufacturer ",
          verification->tpm_interface == HARDWARE_TPM_CRB ? "command response buffer (CRB)" : "FIFO (TIS)");
    print_untrusted(out, verification->tpm_manufacturer, sizeof(verification->tpm_manufacturer), 0);
    print(out, ", firmware 0x%llx\n", (unsigned long long)verification->tpm_firmware_version);
    show_rollback(out, verification);
    const uint8_t *bytes = log_of(hardware, &size);
    bool readable = bytes != NULL && event_log_open(&log, bytes, size);
    print(out, "  measured boot    %s\n",
          verification->measurement == HARDWARE_MEASUREMENT_COMPLETE ? "complete"
          : verification->measurement == HARDWARE_MEASUREMENT_FAILED ? "FAILED: the last event in tpm log says how"
                                                                     : "none");
    show_pcrs(out, verification, readable ? &log : NULL);
}

/* --- The log --- */

static const char *type_name(uint32_t type)
{
    switch (type) {
    case EVENT_NO_ACTION:
        return "EV_NO_ACTION";
    case EVENT_SEPARATOR:
        return "EV_SEPARATOR";
    case EVENT_IPL:
        return "EV_IPL";
    default:
        return "other type";
    }
}

static void show_event(struct text_output *out, const struct event_log *log, uint32_t number, const struct event *event)
{
    print(out, "%3u  PCR %-2u  %-12s  ", (unsigned int)number, (unsigned int)event->pcr, type_name(event->type));
    if (event->type == EVENT_SEPARATOR && event->data_size == 4) {
        print(out, "%s\n", event->data[0] == EVENT_SEPARATOR_END ? "end" : "error");
    } else {
        uint32_t shown = event->data_size < TEXT_LIMIT ? event->data_size : TEXT_LIMIT;
        print_untrusted(out, (const char *)event->data, shown, 0);
        print(out, "%s\n", shown < event->data_size ? "..." : "");
    }
    for (uint32_t i = 0; i < log->algorithm_count; i++) {
        if (event->digests[i] != NULL && event->type != EVENT_NO_ACTION) {
            print(out, "     %-8s  ", tpm_hash_name(log->algorithms[i].id));
            show_bytes(out, event->digests[i], log->algorithms[i].size);
            print(out, "\n");
        }
    }
}

void show_event_log(struct text_output *out, const struct hardware_info *hardware)
{
    struct event_log log;
    struct event event;
    if (!open_log(out, hardware, &log)) {
        return;
    }
    for (uint32_t number = 1; event_log_next(&log, &event); number++) {
        if (out->size - text_output_waiting(out) < EVENT_ROOM) {
            print(out, "... and more: tpm log raw shows all\n");
            return;
        }
        show_event(out, &log, number, &event);
    }
    if (log.problem != NULL) {
        print(out, "the event log is wrong from here on: %s\n", log.problem);
    }
}

/* RFC 4648, section 4. */
static void show_base64_line(struct text_output *out, const uint8_t *bytes, uint32_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char line[RAW_BYTES / 3 * 4];
    uint32_t length = 0;
    for (uint32_t i = 0; i < size; i += 3) {
        uint32_t left = size - i;
        uint32_t group =
            (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0u);
        line[length++] = digits[group >> 18];
        line[length++] = digits[group >> 12 & 63];
        line[length++] = left > 1 ? digits[group >> 6 & 63] : '=';
        line[length++] = left > 2 ? digits[group & 63] : '=';
    }
    print_bytes(out, line, length);
    print(out, "\n");
}

void show_raw_event_log(struct text_output *out, const struct hardware_info *hardware)
{
    uint32_t size;
    const uint8_t *bytes = log_of(hardware, &size);
    if (bytes == NULL) {
        print(out, "there is no event log: nothing was measured\n");
        return;
    }
    print(out, LOG_BEGIN);
    for (uint32_t done = 0; done < size; done += RAW_BYTES) {
        show_base64_line(out, bytes + done, size - done < RAW_BYTES ? size - done : RAW_BYTES);
    }
    print(out, LOG_END);
}
