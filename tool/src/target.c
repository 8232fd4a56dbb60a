/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <tool/file.h>
#include <tool/target.h>

static const struct target *const targets[] = {&target_x86_64, &target_aarch64};

const char *target_grub_modules(struct arena *arena, const struct target *target)
{
    const char *directories[] = {
        arena_format(arena, "/usr/lib/grub/%s", target->boot.grub_platform),
        arena_format(arena, "%s%s/grub/%s", installation_directory(arena), target->directory,
                     target->boot.grub_platform),
    };
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        if (is_regular_file(arena_format(arena, "%s/%s.mod", directories[i], target->boot.modules[0]))) {
            return directories[i];
        }
    }
    return NULL;
}

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
