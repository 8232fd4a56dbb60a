/* SPDX-License-Identifier: BSD-2-Clause */
/* The TPM and what was measured into it, as text. `hardware` is the start of the whole
 * hardware region. */
#pragma once

#include <skyscope/boot_info.h>

#include "text_output.h"

/* Which TPM, the rollback index, the PCRs and whether the event log explains them. */
void show_tpm(struct text_output *out, const struct hardware_info *hardware);
/* Each event of the log: PCR, type, what it says, digests. */
void show_event_log(struct text_output *out, const struct hardware_info *hardware);
/* The log's bytes in base64 between lines that begin and end it, to be copied off a
 * console. */
void show_raw_event_log(struct text_output *out, const struct hardware_info *hardware);
