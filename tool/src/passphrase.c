/* SPDX-License-Identifier: BSD-2-Clause */
/* Passphrases from the terminal, without echo, or from a file. */
#include <crypto/wipe.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <tool/secret.h>
#include <unistd.h>

/* What a signal handler needs to give the terminal back as it was; a handler has no other way to it. */
static volatile sig_atomic_t caught_signal;

static void catch_signal(int number)
{
    caught_signal = number;
}

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define ENDING_SIGNAL_COUNT (sizeof(ending_signals) / sizeof(ending_signals[0]))

/* Reads up to the end of a line or of the file. False: an error, or a line that is too long. */
static bool read_line(int fd, struct passphrase *passphrase, bool *end_of_line)
{
    passphrase->size = 0;
    *end_of_line = false;
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0) {
            if (errno == EINTR && caught_signal == 0) {
                continue;
            }
            return false;
        }
        if (got == 0) {
            return true;
        }
        if (c == '\n') {
            *end_of_line = true;
            return true;
        }
        if (passphrase->size == PASSPHRASE_MAX) {
            errno = 0;
            return false;
        }
        passphrase->text[passphrase->size++] = c;
    }
}

static const char *read_failed(struct arena *arena)
{
    return errno == 0 ? arena_format(arena, "the passphrase is longer than %u bytes; use a shorter one", PASSPHRASE_MAX)
                      : arena_format(arena, "the passphrase cannot be read: %s", strerror(errno));
}

static const char *from_file(struct arena *arena, const char *path, struct passphrase *passphrase)
{
    struct stat status;
    bool end_of_line = false;
    char more;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        const char *reason = arena_format(arena, "the passphrase file '%s' cannot be read: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return reason;
    }
    const char *problem = NULL;
    if (S_ISREG(status.st_mode) && (status.st_mode & 077) != 0) {
        problem = arena_format(arena, "others than its owner can use the passphrase file '%s'; forbid it: chmod 600 %s",
                               path, path);
    } else if (!read_line(fd, passphrase, &end_of_line)) {
        problem = read_failed(arena);
    } else if (end_of_line && read(fd, &more, 1) != 0) {
        problem =
            arena_format(arena, "the passphrase file '%s' has more than one line; put only the passphrase in it", path);
    }
    close(fd);
    return problem;
}

static bool write_text(int fd, const char *text)
{
    size_t size = strlen(text);
    return write(fd, text, size) == (ssize_t)size;
}

/* Asks once. The terminal does not show what is typed, and is as it was before whatever ends the question. */
static const char *ask(struct arena *arena, int terminal, const char *question, struct passphrase *passphrase)
{
    struct termios before, silent;
    struct sigaction action = {.sa_handler = catch_signal}, old[ENDING_SIGNAL_COUNT];
    bool end_of_line;
    if (tcgetattr(terminal, &before) != 0) {
        return "the terminal cannot be asked for a passphrase; give one with --passphrase-file";
    }
    caught_signal = 0;
    sigemptyset(&action.sa_mask);
    /* No SA_RESTART: the signal ends the read. */
    for (size_t i = 0; i < ENDING_SIGNAL_COUNT; i++) {
        sigaction(ending_signals[i], &action, &old[i]);
    }
    silent = before;
    silent.c_lflag = (silent.c_lflag & ~(tcflag_t)ECHO) | ICANON | ISIG | ECHONL;
    bool good = tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
    good = good && write_text(terminal, question) && read_line(terminal, passphrase, &end_of_line);
    int error = errno;
    tcsetattr(terminal, TCSAFLUSH, &before);
    for (size_t i = 0; i < ENDING_SIGNAL_COUNT; i++) {
        sigaction(ending_signals[i], &old[i], NULL);
    }
    if (caught_signal != 0) {
        write_text(terminal, "\n");
        secret_wipe(passphrase->text, PASSPHRASE_MAX + 1);
        raise((int)caught_signal);
        return "interrupted";
    }
    errno = error;
    return good ? NULL : read_failed(arena);
}

static const char *from_terminal(struct arena *arena, const struct passphrase_source *source,
                                 struct passphrase *passphrase)
{
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0) {
        return "there is no terminal to ask for the passphrase; give one with --passphrase-file";
    }
    const char *problem = ask(
        arena, terminal,
        arena_format(arena, "%s of %s: ", source->create ? "New passphrase" : "Passphrase", source->whose), passphrase);
    if (problem == NULL && source->create) {
        struct passphrase again = {.text = secret_allocate(PASSPHRASE_MAX + 1)};
        problem = ask(arena, terminal, "The same once more: ", &again);
        if (problem == NULL &&
            (again.size != passphrase->size || !secret_equal(again.text, passphrase->text, passphrase->size))) {
            problem = "the two passphrases differ; try again";
        }
        passphrase_forget(&again);
    }
    close(terminal);
    return problem;
}

const char *passphrase_get(struct arena *arena, const struct passphrase_source *source, struct passphrase *passphrase)
{
    *passphrase = (struct passphrase){.text = secret_allocate(PASSPHRASE_MAX + 1)};
    const char *problem =
        source->file != NULL ? from_file(arena, source->file, passphrase) : from_terminal(arena, source, passphrase);
    if (problem == NULL && passphrase->size == 0 && !source->allow_empty) {
        problem = "the passphrase is empty; only development keys (--development) may have none";
    }
    if (problem != NULL) {
        passphrase_forget(passphrase);
    }
    return problem;
}

void passphrase_forget(struct passphrase *passphrase)
{
    secret_free(passphrase->text, PASSPHRASE_MAX + 1);
    *passphrase = (struct passphrase){0};
}
