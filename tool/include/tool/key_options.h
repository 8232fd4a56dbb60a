/* SPDX-License-Identifier: BSD-2-Clause */
/* Options and words that the commands about keys share. */
#pragma once

#include <crypto/signature.h>
#include <crypto/trust_anchor.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The algorithm that an option names, of the family; NULL: it was reported. */
const struct signature_parameters *algorithm_option(const char *command, const char *option, const char *text,
                                                    enum signature_family family);
/* Seconds since 1970: SOURCE_DATE_EPOCH if it is set, else now. */
uint64_t key_creation_time(void);

/* First digits of a key id, for people. */
#define SHORT_KEY_ID_LENGTH 17u
const char *short_key_id(char text[SHORT_KEY_ID_LENGTH], const uint8_t *id);
/* "  primary  ML-DSA-87 0123456789abcdef, SLH-DSA-SHA2-256s 0123456789abcdef" */
void print_trust_pair(FILE *to, const struct trust_pair *pair);
const char *trust_status_name(uint32_t status);
