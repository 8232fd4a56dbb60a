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
