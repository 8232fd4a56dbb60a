/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Talks to the same program in another guest and says what it costs, in nanoseconds of the guest's clock: where each
 * instruction takes one, the number of all instructions, of both guests and of what is between them.
 *
 *   net_bench server
 *   net_bench ADDRESS COUNT MEBIBYTES
 *
 * The server says "bench-ready" when all its sockets are open. The client sends COUNT datagrams of one byte, each
 * answered before the next, and then as many MEBIBYTES as said over one connection, until the other side has read them.
 * It prints "bench NAME MINIMUM MEAN": udp_round_trip per datagram and answer, tcp_round_trip the same by a connection,
 * tcp_bulk per KiB (one figure).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ECHO_PORT 5000u /* datagrams and a connection: what comes goes back */
#define SINK_PORT 5001u /* a connection whose bytes are counted; one byte back at the end */
#define CHUNK     65536u

static uint8_t chunk[CHUNK];

static void fail(const char *what)
{
    printf("bench-failed %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int open_socket(int kind, const char *address, uint16_t port, bool server)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1, file = socket(AF_INET, kind, 0);
    inet_pton(AF_INET, address, &name.sin_addr);
    if (file < 0 || (kind == SOCK_STREAM && setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0) ||
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        (server ? bind(file, (struct sockaddr *)&name, sizeof(name))
                : connect(file, (struct sockaddr *)&name, sizeof(name))) != 0 ||
        (server && kind == SOCK_STREAM && listen(file, 1) != 0)) {
        fail("socket");
    }
    return file;
}

/* --- Server --- */

static void serve_datagrams(int file)
{
    for (;;) {
        struct sockaddr_in from;
        socklen_t length = sizeof(from);
        ssize_t size = recvfrom(file, chunk, sizeof(chunk), 0, (struct sockaddr *)&from, &length);
        if (size >= 0) {
            (void)sendto(file, chunk, (size_t)size, 0, (struct sockaddr *)&from, length);
        }
    }
}

static void serve_connections(int listening, bool echo)
{
    for (;;) {
        int file = accept(listening, NULL, NULL);
        ssize_t size;
        while ((size = read(file, chunk, sizeof(chunk))) > 0) {
            if (echo && write(file, chunk, (size_t)size) != size) {
                break;
            }
        }
        if (!echo) {
            (void)!write(file, "", 1);
        }
        close(file);
    }
}

static void serve(void)
{
    int datagrams = open_socket(SOCK_DGRAM, "0.0.0.0", ECHO_PORT, true);
    int echo = open_socket(SOCK_STREAM, "0.0.0.0", ECHO_PORT, true);
    int sink = open_socket(SOCK_STREAM, "0.0.0.0", SINK_PORT, true);
    printf("bench-ready\n");
    if (fork() == 0) {
        serve_datagrams(datagrams);
    }
    if (fork() == 0) {
        serve_connections(echo, true);
    }
    serve_connections(sink, false);
}

/* --- Client --- */

static void measure_round_trips(const char *name, int kind, const char *address, unsigned int count)
{
    struct timeval patience = {.tv_sec = 5};
    int file = open_socket(kind, address, ECHO_PORT, false);
    (void)setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    uint64_t minimum = UINT64_MAX, all = 0;
    /* The first ones find the way: address resolution, caches. */
    for (unsigned int i = 0; i < count + 20; i++) {
        uint64_t start = now();
        if (send(file, "x", 1, 0) != 1 || recv(file, chunk, sizeof(chunk), 0) != 1) {
            fail(name);
        }
        uint64_t taken = now() - start;
        if (i >= 20) {
            all += taken;
            minimum = taken < minimum ? taken : minimum;
        }
    }
    printf("bench %s %llu %llu\n", name, (unsigned long long)minimum, (unsigned long long)(all / count));
    close(file);
}

static void measure_bulk(const char *address, unsigned int mebibytes)
{
    int file = open_socket(SOCK_STREAM, address, SINK_PORT, false);
    uint64_t start = 0;
    /* A mebibyte to get up to speed, which does not count. */
    for (unsigned int i = 0; i < (mebibytes + 1) * 16; i++) {
        if (i == 16) {
            start = now();
        }
        for (size_t sent = 0; sent < CHUNK;) {
            ssize_t size = write(file, chunk + sent, CHUNK - sent);
            if (size <= 0) {
                fail("bulk");
            }
            sent += (size_t)size;
        }
    }
    if (shutdown(file, SHUT_WR) != 0 || read(file, chunk, 1) != 1) {
        fail("bulk");
    }
    uint64_t per_kib = (now() - start) / ((uint64_t)mebibytes * 1024 + (mebibytes == 0));
    printf("bench tcp_bulk %llu %llu\n", (unsigned long long)per_kib, (unsigned long long)per_kib);
}

int main(int count, char **words)
{
    setlinebuf(stdout);
    if (count == 2 && strcmp(words[1], "server") == 0) {
        serve();
    }
    if (count != 4) {
        printf("usage: net_bench server, or net_bench ADDRESS COUNT MEBIBYTES\n");
        return 2;
    }
    unsigned int rounds = (unsigned int)strtoul(words[2], NULL, 0),
                 mebibytes = (unsigned int)strtoul(words[3], NULL, 0);
    measure_round_trips("udp_round_trip", SOCK_DGRAM, words[1], rounds);
    measure_round_trips("tcp_round_trip", SOCK_STREAM, words[1], rounds);
    measure_bulk(words[1], mebibytes);
    printf("bench-done\n");
    return 0;
}
