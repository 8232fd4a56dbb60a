/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <tool/target.h>

static const struct target *const targets[] = {&target_x86_64, &target_aarch64};

const struct target *target_of_machine(uint32_t machine)
{
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        if (targets[i]->machine == machine) {
            return targets[i];
        }
    }
    return NULL;
}

const struct target *target_of_option(const char *option)
{
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        if (strcmp(targets[i]->option, option) == 0) {
            return targets[i];
        }
    }
    return NULL;
}
