/* SPDX-License-Identifier: BSD-2-Clause */
/* An event log that is anything at all, as the manager shows it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/format.h>
#include <event_log.h>
#include <tpm_view.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUTPUT_SIZE 0x20000u

/* By the host's C library. */
void format_to_sink(format_sink sink, void *context, const char *format, va_list arguments)
{
    char text[512];
    int length = vsnprintf(text, sizeof(text), format, arguments);
    if (length < 0 || (size_t)length >= sizeof(text)) {
        abort();
    }
    sink(context, text, (size_t)length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static union {
        struct hardware_info info;
        uint8_t bytes[HARDWARE_INFO_REGION_SIZE];
    } region;
    static char buffer[OUTPUT_SIZE];
    struct event_log log;
    struct event event;
    uint8_t value[EVENT_LOG_MAX_DIGEST];
    if (size > HARDWARE_INFO_REGION_SIZE - sizeof(region.info)) {
        return 0;
    }
    /* The parser alone, with an end that the address sanitizer sees. */
    uint8_t *exact = malloc(size + (size == 0));
    if (exact == NULL) {
        abort();
    }
    memcpy(exact, data, size);
    if (event_log_open(&log, exact, (uint32_t)size)) {
        uint32_t read = 0;
        while (event_log_next(&log, &event)) {
            for (uint32_t i = 0; i < event.data_size; i++) {
                read += event.data[i];
            }
            for (uint32_t i = 0; i < log.algorithm_count; i++) {
                read += event.digests[i] != NULL ? event.digests[i][log.algorithms[i].size - 1] : 0;
            }
        }
        if (log.problem == NULL && log.position != log.size) {
            abort();
        }
        (void)event_log_replay(&log, EVENT_PCR_SYSTEM, TPM_HASH_SHA384, value);
        buffer[0] = (char)read;
    }
    free(exact);
    /* As it is shown. */
    struct hardware_verification *verification = &region.info.verification;
    verification->tpm_interface = HARDWARE_TPM_FIFO;
    verification->measurement = HARDWARE_MEASUREMENT_COMPLETE;
    verification->event_log_offset = sizeof(region.info);
    verification->event_log_size = (uint32_t)size;
    verification->pcr_value_count = 1;
    verification->pcr_values[0] = (struct hardware_pcr_value){.pcr = 11, .algorithm = TPM_HASH_SHA256, .size = 32};
    memcpy(region.bytes + sizeof(region.info), data, size);
    struct text_output out = {.buffer = buffer, .size = OUTPUT_SIZE};
    show_tpm(&out, &region.info);
    show_event_log(&out, &region.info);
    out.head = out.tail;
    show_raw_event_log(&out, &region.info);
    if (out.dropped != 0) {
        abort();
    }
    return 0;
}
