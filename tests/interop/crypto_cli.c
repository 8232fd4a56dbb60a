/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto_cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cli_command *commands;

void cli_add(struct cli_command *command)
{
    command->next = commands;
    commands = command;
}

uint8_t *cli_area(size_t size)
{
    /* calloc(0) may say NULL; a sanitizer still sees an access to this. */
    uint8_t *area = size > 0 ? calloc(1, size) : malloc(1);
    if (area == NULL) {
        fputs("crypto_cli: out of memory\n", stderr);
        exit(1);
    }
    return area;
}

void cli_ok(unsigned int count, const struct cli_bytes *results)
{
    static const char digits[] = "0123456789abcdef";
    fputs("ok", stdout);
    for (unsigned int i = 0; i < count; i++) {
        putchar(' ');
        for (size_t j = 0; j < results[i].size; j++) {
            putchar(digits[results[i].data[j] >> 4]);
            putchar(digits[results[i].data[j] & 15]);
        }
        if (results[i].size == 0) {
            putchar('-');
        }
    }
    putchar('\n');
}

void cli_no(void)
{
    puts("no");
}

void cli_error(const char *text)
{
    printf("error %s\n", text);
}

static int digit(char letter)
{
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    if (letter >= 'a' && letter <= 'f') {
        return letter - 'a' + 10;
    }
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : -1;
}

static bool decode(const char *word, struct cli_bytes *bytes)
{
    size_t length = strcmp(word, "-") == 0 ? 0 : strlen(word);
    bytes->size = length / 2;
    bytes->data = cli_area(bytes->size);
    for (size_t i = 0; i < bytes->size; i++) {
        int high = digit(word[2 * i]);
        int low = digit(word[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes->data[i] = (uint8_t)(high << 4 | low);
    }
    return length % 2 == 0;
}

static void run_line(char *line)
{
    const char *name = strtok(line, " \n");
    const char *algorithm = strtok(NULL, " \n");
    if (name == NULL || algorithm == NULL) {
        cli_error("no command or no algorithm");
        return;
    }
    struct cli_command *command = commands;
    while (command != NULL && strcmp(command->name, name) != 0) {
        command = command->next;
    }
    if (command == NULL) {
        cli_error("no such command");
        return;
    }
    struct cli_bytes arguments[CLI_MAX_ARGUMENTS] = {{0}};
    unsigned int count = 0;
    bool good = true;
    for (const char *word = strtok(NULL, " \n"); word != NULL && good; word = strtok(NULL, " \n")) {
        good = count < CLI_MAX_ARGUMENTS && decode(word, &arguments[count++]);
    }
    if (!good) {
        cli_error("an argument is not in hexadecimal, or there are too many");
    } else if (count != command->arguments) {
        cli_error("wrong number of arguments");
    } else {
        command->run(algorithm, arguments);
    }
    for (unsigned int i = 0; i < CLI_MAX_ARGUMENTS; i++) {
        free(arguments[i].data);
    }
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        run_line(line);
        fflush(stdout);
    }
    free(line);
    return 0;
}
