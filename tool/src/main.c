/* SPDX-License-Identifier: BSD-2-Clause */
/* skyscope: checks, expands, builds, packages, runs and inspects systems. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tool/command.h>
#include <tool/number.h>
#include <tool/target.h>

static const struct {
    const char *name;
    int (*run)(int count, char **arguments);
    const char *summary;
} commands[] = {
    {"check", command_check, "find mistakes in a system file"},
    {"expand", command_expand, "print the plain Microkit description that a system file stands for"},
    {"build", command_build, "make the payload: kernel, plan, programs and data in one file"},
    {"iso", command_iso, "make a bootable ISO image of a system file or payload"},
    {"disk", command_disk, "make a bootable disk image of a payload, every block under a signed Merkle tree"},
    {"run", command_run, "boot an ISO image or payload in QEMU"},
    {"keygen", command_keygen, "make the keys that sign images, and the trust anchor"},
    {"sign", command_sign, "sign a payload"},
    {"verify", command_verify, "say who vouches for a payload or image, and whether it is right"},
    {"rotate", command_rotate, "revoke the primary keys, and let the next ones take their place"},
    {"provision", command_provision, "write a trust anchor into the loader"},
    {"open", command_open, "decrypt logs that a machine has exported"},
    {"replace", command_replace, "put another file in place of an unsigned guest image"},
    {"inspect", command_inspect, "list what a payload contains, and verify it"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

int usage_error(const char *command, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "skyscope%s%s: ", command[0] == '\0' ? "" : " ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nTry 'skyscope%s%s --help'.\n", command[0] == '\0' ? "" : " ", command);
    return EXIT_USAGE;
}

int failure(const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "skyscope: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return EXIT_FAILED;
}

bool one_operand(const char *command, const char *what, int count, char **arguments)
{
    if (optind >= count) {
        usage_error(command, "%s is missing", what);
        return false;
    }
    if (optind + 1 < count) {
        usage_error(command, "'%s' is one operand too many", arguments[optind + 1]);
        return false;
    }
    return true;
}

bool size_option(const char *command, const char *option, const char *text, uint64_t *bytes)
{
    char copy[32];
    size_t length = strlen(text);
    uint64_t size;
    if (length > 0 && length < sizeof(copy) - 3 && strchr("KMGT", text[length - 1]) != NULL) {
        snprintf(copy, sizeof(copy), "%siB", text);
        text = copy;
    }
    if (!parse_size(text, &size) || size == 0) {
        usage_error(command, "%s '%s' is not a size; write for example 2G or 512MiB", option, text);
        return false;
    }
    *bytes = size;
    return true;
}

bool cpus_option(const char *command, const char *text, uint64_t *cpus)
{
    uint64_t number;
    if (!parse_number(text, &number) || number < 1 || number > PLAN_MAX_CPUS) {
        usage_error(command, "--cpus '%s' is not a number from 1 to %u", text, PLAN_MAX_CPUS);
        return false;
    }
    *cpus = number;
    return true;
}

bool arch_option(const char *command, const char *text, const struct target **target)
{
    *target = target_of_option(text);
    if (*target == NULL) {
        usage_error(command, "--arch '%s' is not known; use x86_64 or aarch64", text);
        return false;
    }
    return true;
}

static void print_help(FILE *to)
{
    fprintf(to, "Usage: skyscope COMMAND [OPTION]... [FILE]\n"
                "Builds systems of protection domains and virtual machines from a system file.\n\n"
                "Commands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(to, "\nOptions:\n"
                "  --help     show this; 'skyscope COMMAND --help' tells about a command\n"
                "  --version  show the version\n\n"
                "Exit status: 0 done, 1 what was asked failed, 2 the command line is wrong.\n");
}

int main(int count, char **arguments)
{
    if (count < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0 || strcmp(arguments[1], "help") == 0) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (strcmp(arguments[1], "--version") == 0) {
        printf("skyscope " SKYSCOPE_VERSION "\n");
        return EXIT_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(arguments[1], commands[i].name) == 0) {
            return commands[i].run(count - 1, arguments + 1);
        }
    }
    return usage_error("", "'%s' is not a command", arguments[1]);
}
