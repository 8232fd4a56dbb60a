/* SPDX-License-Identifier: BSD-2-Clause */
/* System files of any bytes: parsed, expanded, resolved, checked and printed. */
#include <stdio.h>
#include <stdlib.h>
#include <tool/print_system.h>
#include <tool/sel4.h>
#include <tool/target.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const struct target *target, const char *board, const uint8_t *data, size_t size)
{
    struct system system;
    char *text = NULL;
    size_t length = 0;
    system_init(&system, "/nowhere/fuzz.system", NULL, target);
    /* No file that happens to be on the machine. */
    system.search = ARENA_NEW(&system.arena, struct list);
    system_parse(&system, data, size);
    if (!system.syntax_error) {
        system_expand(&system);
        if (board != NULL) {
            system.sel4 = (struct sel4_request){.board = sel4_board_find(board), .configuration = "release", .cpus = 2};
            sel4_adapt(&system);
        }
        system_resolve(&system);
        system_check(&system, &(struct machine){.memory = 1ull << 30, .cpus = 2});
    }
    FILE *to = open_memstream(&text, &length);
    diagnostics_print(&system.diagnostics, to);
    if (system.diagnostics.error_count == 0) {
        system_print(&system, false, to);
    }
    fclose(to);
    free(text);
    system_free(&system);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(&target_x86_64, NULL, data, size);
    run(&target_x86_64, "x86_64_generic_vtx", data, size);
    run(&target_aarch64, NULL, data, size);
    run(&target_aarch64, "qemu_virt_aarch64", data, size);
    return 0;
}
