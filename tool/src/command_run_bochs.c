/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bochs between two pseudo-terminals: its screen, which the system does not use, goes
 * nowhere; its serial port is the person's terminal. Debian's Bochs begins in its
 * debugger, which is told to go on.
 */
#include "command_run.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <tool/command.h>
#include <tool/file.h>
#include <tool/process.h>
#include <unistd.h>

#define PACKAGES     "bochs bochs-term bochsbios vgabios"
#define BIOS         "/usr/share/bochs/BIOS-bochs-latest"
#define VGA_BIOS     "/usr/share/vgabios/vgabios.bin"
#define ESCAPE       1 /* Ctrl-A */
#define SCREEN_ROWS  50
#define SCREEN_WIDTH 132

struct terminal {
    int master, slave;
};

/* The last of what Bochs wrote to its screen. */
#define TAIL_SIZE 0x1000u
struct tail {
    char bytes[TAIL_SIZE + 1];
    size_t size;
};

static const char *configuration(struct arena *arena, const struct bochs_request *request, const char *directory,
                                 const char *serial)
{
    const char *medium = request->disk
                             ? arena_format(arena, "type=disk, mode=volatile, path=\"%s\", journal=\"%s/changes\"",
                                            request->file, directory)
                             : arena_format(arena, "type=cdrom, path=\"%s\", status=inserted", request->file);
    return arena_format(arena,
                        "megs: %llu\n"
                        "cpu: model=%s, count=%llu, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1\n"
                        "romimage: file=" BIOS "\n"
                        "vgaromimage: file=" VGA_BIOS "\n"
                        "display_library: term\n"
                        "ata0-master: %s\n"
                        "boot: %s\n"
                        "com1: enabled=1, mode=term, dev=%s\n"
                        "clock: sync=none\n"
                        "log: %s/log\n",
                        (unsigned long long)(request->memory >> 20), request->cpu, (unsigned long long)request->cpus,
                        medium, request->disk ? "disk" : "cdrom", serial, directory);
}

static bool tools_present(struct arena *arena)
{
    if (find_program(arena, "bochs") == NULL || !is_regular_file(BIOS) || !is_regular_file(VGA_BIOS)) {
        failure("Bochs is missing, or a part of it; install the packages " PACKAGES " (apt install " PACKAGES ")");
        return false;
    }
    return true;
}

static bool open_terminal(struct terminal *terminal)
{
    const struct winsize size = {.ws_row = SCREEN_ROWS, .ws_col = SCREEN_WIDTH};
    struct termios raw;
    if (openpty(&terminal->master, &terminal->slave, NULL, NULL, &size) != 0) {
        return false;
    }
    fcntl(terminal->master, F_SETFD, FD_CLOEXEC);
    fcntl(terminal->master, F_SETFL, O_NONBLOCK);
    fcntl(terminal->slave, F_SETFD, FD_CLOEXEC);
    if (tcgetattr(terminal->slave, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(terminal->slave, TCSANOW, &raw);
    }
    return true;
}

static volatile sig_atomic_t leaving;

static void leave(int number)
{
    (void)number;
    leaving = 1;
}

/* Signals that end this program end Bochs first. They come only while relay() waits. */
static void hold_signals(sigset_t *before)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    const struct sigaction action = {.sa_handler = leave};
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&held, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &held, before);
}

static pid_t start(struct arena *arena, const char *directory, const struct terminal *screen, const sigset_t *signals)
{
    const char *words[] = {"bochs", "-q",
                           "-f",    arena_format(arena, "%s/configuration", directory),
                           "-rc",   arena_format(arena, "%s/commands", directory),
                           NULL};
    pid_t child = fork();
    if (child == 0) {
        setsid();
        sigprocmask(SIG_SETMASK, signals, NULL);
        if (dup2(screen->slave, STDIN_FILENO) < 0 || dup2(screen->slave, STDOUT_FILENO) < 0 ||
            dup2(screen->slave, STDERR_FILENO) < 0) {
            _exit(127);
        }
        ioctl(STDIN_FILENO, TIOCSCTTY, 0);
        setenv("TERM", "xterm", 1);
        execvp(words[0], (char **)(uintptr_t)words);
        _exit(127);
    }
    return child;
}

static bool write_all(int file, const char *bytes, ssize_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, (size_t)size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes += written;
        size -= written;
    }
    return true;
}

/* What was typed. False: it says to leave. */
static bool pass_keys(int serial, const char *keys, ssize_t count, bool *escaped)
{
    for (ssize_t i = 0; i < count; i++) {
        if (*escaped && keys[i] == 'x') {
            return false;
        }
        /* Ctrl-A twice is one for the system. */
        if (!*escaped && keys[i] == ESCAPE) {
            *escaped = true;
            continue;
        }
        *escaped = false;
        /* A system that reads nothing loses what is typed, but can be left. */
        (void)!write(serial, &keys[i], 1);
    }
    return true;
}

static void keep_tail(struct tail *tail, const char *bytes, size_t count)
{
    size_t kept = tail->size + count > TAIL_SIZE ? TAIL_SIZE - (count < TAIL_SIZE ? count : TAIL_SIZE) : tail->size;
    size_t taken = count < TAIL_SIZE ? count : TAIL_SIZE;
    memmove(tail->bytes, tail->bytes + tail->size - kept, kept);
    memcpy(tail->bytes + kept, bytes + count - taken, taken);
    tail->size = kept + taken;
}

/* True: Bochs ended; false: the person leaves. */
static bool relay(const struct terminal *screen, const struct terminal *serial, const sigset_t *signals,
                  struct tail *tail)
{
    struct pollfd files[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = serial->master, .events = POLLIN},
                             {.fd = screen->master, .events = POLLIN}};
    bool escaped = false;
    char bytes[4096];
    for (;;) {
        int ready = ppoll(files, 3, NULL, signals);
        if (leaving || (ready < 0 && errno != EINTR)) {
            return false;
        }
        if (ready < 0) {
            continue;
        }
        if (files[0].revents != 0) {
            ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
            if (count > 0 && !pass_keys(serial->master, bytes, count, &escaped)) {
                return false;
            }
            files[0].fd = count > 0 ? STDIN_FILENO : -1;
        }
        if (files[1].revents != 0) {
            ssize_t count = read(serial->master, bytes, sizeof(bytes));
            if (count > 0 && !write_all(STDOUT_FILENO, bytes, count)) {
                return false;
            }
        }
        if (files[2].revents != 0) {
            ssize_t count = read(screen->master, bytes, sizeof(bytes));
            if (count > 0) {
                keep_tail(tail, bytes, (size_t)count);
            } else if (errno != EAGAIN) {
                return true; /* the last process that had it is gone */
            }
        }
    }
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return EXIT_FAILED;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? EXIT_FAILED : EXIT_OK;
}

/* Why Bochs gave up: the line of its log that says so, else of its screen. */
static int show_reason(struct arena *arena, const char *directory, struct tail *tail)
{
    const char *reason = NULL;
    struct blob *log = read_file(arena, arena_format(arena, "%s/log", directory), 0x4000000, &reason);
    const char *text = log == NULL ? "" : arena_format(arena, "%.*s", (int)log->size, (const char *)log->data);
    const char *panic = strstr(text, ">>PANIC<<");
    if (panic == NULL) {
        tail->bytes[tail->size] = '\0';
        panic = strstr(tail->bytes, ">>PANIC<<");
    }
    if (panic == NULL) {
        return failure("Bochs ended with an error and did not say which; try other options, or another file");
    }
    return failure("Bochs: %.*s", (int)strcspn(panic + 9, "\r\n"), panic + 9);
}

static int run_in(struct arena *arena, const struct bochs_request *request, const char *directory)
{
    struct terminal screen, serial;
    struct termios before, raw;
    const char *reason = NULL, *commands = "c\n";
    if (!open_terminal(&screen) || !open_terminal(&serial)) {
        return failure("no pseudo-terminal can be made: %s", strerror(errno));
    }
    const char *text = configuration(arena, request, directory, ttyname(serial.slave));
    if (request->verbose || request->dry_run) {
        printf("%s", text);
        fflush(stdout);
    }
    if (request->dry_run) {
        return EXIT_OK;
    }
    if (!write_file(arena, arena_format(arena, "%s/configuration", directory), text, strlen(text), &reason) ||
        !write_file(arena, arena_format(arena, "%s/commands", directory), commands, strlen(commands), &reason)) {
        return failure("'%s' cannot be filled: %s", directory, reason);
    }
    printf("Leave Bochs: Ctrl-A x. It is slow: Linux takes minutes to a shell.\n");
    fflush(stdout);
    sigset_t signals;
    hold_signals(&signals);
    pid_t child = start(arena, directory, &screen, &signals);
    if (child < 0) {
        return failure("Bochs cannot be started: %s", strerror(errno));
    }
    close(screen.slave); /* so that its end is seen; that of the serial port stays open */
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        raw = before;
        cfmakeraw(&raw);
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    static struct tail tail;
    bool ended = relay(&screen, &serial, &signals, &tail);
    if (!ended) {
        kill(-child, SIGKILL); /* "bochs" is a script that starts another program; there is nothing to save */
    }
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    }
    int status = wait_for(child);
    return ended && status != EXIT_OK ? show_reason(arena, directory, &tail) : EXIT_OK;
}

int bochs_run(struct arena *arena, const struct bochs_request *request)
{
    const char *reason = NULL;
    if (strpbrk(request->file, "\"\n") != NULL) {
        return failure("'%s' cannot be given to Bochs, because of a quotation mark in its name; rename it",
                       request->file);
    }
    if (!request->dry_run && !tools_present(arena)) {
        return EXIT_FAILED;
    }
    const char *directory = temporary_directory(arena, &reason);
    if (directory == NULL) {
        return failure("no temporary directory can be made: %s", reason);
    }
    int status = run_in(arena, request, directory);
    remove_tree(directory);
    return status;
}
