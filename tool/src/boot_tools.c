/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <tool/boot_tools.h>
#include <tool/command.h>
#include <tool/file.h>
#include <tool/process.h>
#include <tool/target.h>

#define GRUB_BIOS_DIRECTORY "/usr/lib/grub/i386-pc"

static bool program_present(struct arena *arena, const char *program, const char *package)
{
    if (find_program(arena, program) == NULL) {
        failure("program '%s' is missing; install the package %s (apt install %s)", program, package, package);
        return false;
    }
    return true;
}

static bool modules_present(const char *directory, const char *what, const char *package)
{
    if (directory == NULL) {
        failure("GRUB's modules for %s are missing; install the package %s (apt install %s)", what, package, package);
    }
    return directory != NULL;
}

bool boot_tools_present(struct arena *arena, const struct target *target, bool signing)
{
    static const struct {
        const char *program, *package;
    } programs[] = {{"grub-mkimage", "grub-common"}, {"xorriso", "xorriso"}, {"mformat", "mtools"}, {"tar", "tar"}};
    bool all = true;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        all = program_present(arena, programs[i].program, programs[i].package) && all;
    }
    if (target->boot.bios) {
        const char *bios = is_regular_file(GRUB_BIOS_DIRECTORY "/multiboot2.mod") ? GRUB_BIOS_DIRECTORY : NULL;
        all = modules_present(bios, "BIOS", "grub-pc-bin") && all;
    }
    all = modules_present(target_grub_modules(arena, target), target->boot.grub_platform, target->boot.grub_package) &&
          all;
    if (signing) {
        all = program_present(arena, "sbsign", "sbsigntool") && all;
    }
    return all;
}

static void show_log(struct arena *arena, const char *path)
{
    const char *reason = NULL;
    struct blob *log = read_file(arena, path, 0x1000000, &reason);
    if (log != NULL) {
        fwrite(log->data, 1, log->size, stderr);
    }
}

bool boot_tool_run(struct arena *arena, const struct boot_tools *tools, const char *const *words, size_t count)
{
    static const char *const environment[] = {"env",      "SOURCE_DATE_EPOCH=" BOOT_IMAGE_EPOCH,
                                              "TZ=UTC",   "MTOOLSRC=/dev/null",
                                              "LC_ALL=C", "MTOOLS_SKIP_CHECK=1"};
    const char *log = arena_format(arena, "%s/log", tools->directory);
    struct list arguments = {0};
    for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++) {
        list_append(arena, &arguments, arena_copy_string(arena, environment[i]));
    }
    for (size_t i = 0; i < count; i++) {
        list_append(arena, &arguments, arena_copy_string(arena, words[i]));
    }
    if (tools->verbose) {
        fprintf(stderr, "%s\n", command_line(arena, &arguments));
    }
    int status = run_program(arena, &arguments, tools->verbose ? NULL : log);
    if (status != 0) {
        if (!tools->verbose) {
            show_log(arena, log);
        }
        failure("%s failed with status %d; its messages are above", words[0], status);
    }
    return status == 0;
}
