/* SPDX-License-Identifier: BSD-2-Clause */
/* Boards of the Microkit, and what an SDK was built with. */
#include <dirent.h>
#include <skyscope/guest_aarch64.h>
#include <stdlib.h>
#include <string.h>
#include <tool/sel4.h>
#include <tool/target.h>

static const struct sel4_board boards[] = {
    {
        .name = "qemu_virt_aarch64",
        .target = &target_aarch64,
        .uart = 0x9000000,
        .uart_interrupt = 33,
        .timer_interrupt = 30,
        .gicv = 0x8040000,
        .vcpus = GUEST_GICV2_MAX_CPUS,
        .vcpus_reason = "its GICv2 has no more",
    },
    {
        .name = "x86_64_generic_vtx",
        .target = &target_x86_64,
        .timer_interrupt = 2,
        .hpet = 0xfed00000,
        .vcpus = 1,
        .vcpus_reason = "the Microkit has one vCPU in a VM there",
    },
};
#define BOARD_COUNT (sizeof(boards) / sizeof(boards[0]))

#define CONFIGURATION_DEFAULT "release"

const struct sel4_board *sel4_board_find(const char *name)
{
    for (size_t i = 0; i < BOARD_COUNT; i++) {
        if (strcmp(boards[i].name, name) == 0) {
            return &boards[i];
        }
    }
    return NULL;
}

const char *sel4_board_names(struct arena *arena)
{
    const char *names = "";
    for (size_t i = 0; i < BOARD_COUNT; i++) {
        names = arena_format(arena, "%s%s%s", names,
                             i == 0                 ? ""
                             : i + 1 == BOARD_COUNT ? " or "
                                                    : ", ",
                             boards[i].name);
    }
    return names;
}

static const char *board_directory(struct arena *arena, const struct sel4_request *request,
                                   const struct sel4_board *board)
{
    return arena_format(arena, "%s/board/%s/%s", request->sdk, board->name, request->configuration);
}

/* Where the kernel's configuration is in C: lines of "#define CONFIG_NAME  VALUE". */
static const char *configuration_file(struct arena *arena, const struct sel4_request *request,
                                      const struct sel4_board *board)
{
    return arena_format(arena, "%s/include/kernel/gen_config.h", board_directory(arena, request, board));
}

/* Value of a number in the kernel's configuration; 0: it is not there. */
static unsigned long configuration_value(struct arena *arena, const struct blob *file, const char *name)
{
    const char *text = arena_format(arena, "%.*s", (int)file->size, (const char *)file->data);
    const char *define = strstr(text, arena_format(arena, "#define %s ", name));
    return define == NULL ? 0 : strtoul(define + strlen("#define ") + strlen(name), NULL, 10);
}

/* The only board for the target that the SDK has; without an SDK, the only one that there is. */
static const struct sel4_board *choose_board(struct arena *arena, const struct sel4_request *request,
                                             const struct target *target)
{
    const struct sel4_board *chosen = NULL;
    for (size_t i = 0; i < BOARD_COUNT; i++) {
        bool there = request->sdk == NULL || is_regular_file(configuration_file(arena, request, &boards[i]));
        if (!there || (target != NULL && boards[i].target != target)) {
            continue;
        }
        if (chosen != NULL) {
            return NULL;
        }
        chosen = &boards[i];
    }
    return chosen;
}

static bool read_sdk(struct arena *arena, struct sel4_request *request, const char **reason)
{
    const char *path = configuration_file(arena, request, request->board);
    const char *why = NULL;
    if (!is_regular_file(arena_format(arena, "%s/bin/microkit", request->sdk))) {
        *reason = arena_format(
            arena, "'%s' is no SDK of the Microkit: it has no bin/microkit; give the directory of one", request->sdk);
        return false;
    }
    struct blob *file = read_file(arena, path, 0x100000, &why);
    if (file == NULL) {
        *reason = arena_format(arena,
                               "the SDK '%s' has no board %s with configuration %s ('%s': %s); choose others with "
                               "--board and --config, or build an SDK that has them",
                               request->sdk, request->board->name, request->configuration, path, why);
        return false;
    }
    request->cpus = (uint32_t)configuration_value(arena, file, "CONFIG_MAX_NUM_NODES");
    request->firmware_calls = configuration_value(arena, file, "CONFIG_ALLOW_SMC_CALLS") != 0;
    const char *virtualization =
        request->board->target == &target_x86_64 ? "CONFIG_VTX" : "CONFIG_ARM_HYPERVISOR_SUPPORT";
    if (configuration_value(arena, file, virtualization) == 0) {
        *reason = arena_format(arena, "the SDK '%s' has a kernel without virtual machines for board %s; build another",
                               request->sdk, request->board->name);
        return false;
    }
    return true;
}

bool sel4_request_complete(struct arena *arena, struct sel4_request *request, const char *board,
                           const struct target *target, const char **reason)
{
    if (request->configuration == NULL) {
        request->configuration = CONFIGURATION_DEFAULT;
    }
    if (board != NULL) {
        request->board = sel4_board_find(board);
        if (request->board == NULL) {
            *reason = arena_format(arena, "board '%s' is not known; use %s", board, sel4_board_names(arena));
            return false;
        }
        if (target != NULL && request->board->target != target) {
            *reason = arena_format(arena, "board '%s' is for %s, and --arch asks for %s; leave one of them out", board,
                                   request->board->target->name, target->name);
            return false;
        }
    } else {
        request->board = choose_board(arena, request, target);
        if (request->board == NULL) {
            *reason =
                arena_format(arena, "it is not clear for which board; choose %s with --board", sel4_board_names(arena));
            return false;
        }
    }
    return request->sdk == NULL || read_sdk(arena, request, reason);
}
