/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <time.h>
#include <tool/command.h>
#include <tool/key_options.h>
#include <tool/number.h>

const struct signature_parameters *algorithm_option(const char *command, const char *option, const char *text,
                                                    enum signature_family family)
{
    const struct signature_parameters *found = signature_algorithm_named(text);
    if (found != NULL && found->family == family) {
        return found;
    }
    char names[256] = "";
    size_t length = 0;
    const struct signature_parameters *parameters;
    for (unsigned int i = 0; (parameters = signature_algorithm_at(i)) != NULL; i++) {
        if (parameters->family == family && length < sizeof(names)) {
            length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s", length == 0 ? "" : ", ",
                                       parameters->name);
        }
    }
    usage_error(command, "%s '%s' is not a %s signature algorithm; use one of %s", option, text,
                family == SIGNATURE_FAMILY_LATTICE ? "lattice-based" : "hash-based", names);
    return NULL;
}

uint64_t key_creation_time(void)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    uint64_t value;
    if (text != NULL && parse_number(text, &value)) {
        return value;
    }
    time_t now = time(NULL);
    return now < 0 ? 0 : (uint64_t)now;
}

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
