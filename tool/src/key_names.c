/* SPDX-License-Identifier: BSD-2-Clause */
#include <tool/key_options.h>

const char *short_key_id(char text[SHORT_KEY_ID_LENGTH], const uint8_t *id)
{
    for (unsigned int i = 0; i < (SHORT_KEY_ID_LENGTH - 1) / 2; i++) {
        snprintf(text + (size_t)(2 * i), 3, "%02x", id[i]);
    }
    return text;
}

const char *trust_status_name(uint32_t status)
{
    return status == TRUST_STATUS_PRIMARY ? "primary" : status == TRUST_STATUS_NEXT ? "next" : "?";
}

static const char *name_of(uint32_t algorithm)
{
    const struct signature_parameters *parameters = signature_parameters(algorithm);
    return parameters == NULL ? "?" : parameters->name;
}

void print_trust_pair(FILE *to, const struct trust_pair *pair)
{
    char lattice[SHORT_KEY_ID_LENGTH], hash[SHORT_KEY_ID_LENGTH];
    fprintf(to, "  %-8s %s %s, %s %s\n", trust_status_name(pair->status), name_of(pair->lattice.algorithm),
            short_key_id(lattice, pair->lattice.id), name_of(pair->hash.algorithm), short_key_id(hash, pair->hash.id));
}
