/* SPDX-License-Identifier: BSD-2-Clause */
/* The manager's commands about networks. */
#include "manager_fixture.h"

#include <stdio.h>
#include <string.h>

#include <net_control.h>

#define CAPTURE_SIZE 1000u

static struct switch_status status;
static struct switch_request request;
static union {
    struct switch_capture ring;
    uint8_t bytes[sizeof(struct switch_capture) + CAPTURE_SIZE];
} capture;

static int set_up_networks(void **state)
{
    set_up(state);
    struct fixture *f = *state;
    memset(&status, 0, sizeof(status));
    memset(&request, 0, sizeof(request));
    memset(&capture, 0, sizeof(capture));
    status.version = SWITCH_STATUS_VERSION;
    status.port_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        struct switch_port_status *port = &status.ports[i];
        snprintf(port->name, sizeof(port->name), "vm%u/net0", (unsigned int)i);
        snprintf(port->network, sizeof(port->network), "lan");
        memcpy(port->mac, (uint8_t[]){0x02, 0, 0, 0, 0, (uint8_t)i}, 6);
        port->vlan = (uint16_t)(10 + i);
        port->link_up = 1 - i;
        port->plugged = 1;
        port->flags = i == 0 ? SWITCH_PORT_LOCKED : 0;
        port->counters.frames_in = 1000 + i;
        port->counters.dropped[SWITCH_DROP_SPOOFED] = 7;
        port->counters.dropped[SWITCH_DROP_NO_BUFFERS] = 5 * i;
    }
    capture.ring.size = CAPTURE_SIZE;
    capture.ring.snap_length = 100;
    f->config.switch_status = (uintptr_t)&status;
    f->config.switch_request = (uintptr_t)&request;
    f->config.switch_capture = (uintptr_t)&capture;
    f->config.switch_capture_size = sizeof(capture);
    f->config.switch_channel = 40;
    assert_true(manager_initialise(&f->manager, &operations, &f->config, 1000000));
    manager_prompt(&f->manager);
    clear(f);
    return 0;
}

/* The switch has done what it was asked. */
static void answer(struct fixture *f, enum switch_result result)
{
    assert_int_equal(notified_channel, 40);
    status.result = result;
    status.sequence = request.sequence;
    assert_false(manager_poll(&f->manager));
    assert_false(f->manager.busy);
}

static void ports_are_listed(void **state)
{
    struct fixture *f = *state;
    type(f, "net list\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, " 0  vm0/net0             lan        02:00:00:00:00:00    10 up        1000"));
    assert_non_null(strstr(text, " 1  vm1/net0             lan        02:00:00:00:00:01    11 down      1001"));
    clear(f);
    status.ports[1].flags = SWITCH_PORT_TRUNK;
    memset(status.ports[0].name, 0x1b, VM_NAME_LENGTH); /* not printable, without an end */
    status.port_count = 4000000000u;
    type(f, "net list\r");
    text = screen(f);
    assert_non_null(strstr(text, "????????"));
    assert_non_null(strstr(text, " trunk down"));
    assert_null(strchr(strstr(text, " 0  "), 0x1b));
}

static void counters_of_a_port_are_shown(void **state)
{
    struct fixture *f = *state;
    type(f, "net show vm1/net0\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, "vm1/net0: any address"));
    assert_null(strstr(text, "unplugged"));
    assert_non_null(strstr(text, "7 dropped from it: from an address that it may not use"));
    status.ports[1].plugged = 0;
    clear(f);
    type(f, "net show 1\r");
    text = screen(f);
    assert_non_null(strstr(text, "vm1/net0: any address, unplugged"));
    assert_non_null(strstr(text, "5 dropped for it: it had no buffers"));
    clear(f);
    type(f, "net show 2\r");
    assert_non_null(strstr(screen(f), "there is no port 2"));
}

static void links_are_switched(void **state)
{
    struct fixture *f = *state;
    type(f, "net link vm1/net0 down\r");
    assert_int_equal(request.sequence, 1);
    assert_int_equal(request.command, SWITCH_COMMAND_LINK_DOWN);
    assert_int_equal(request.port, 1);
    assert_true(f->manager.busy);
    assert_true(manager_poll(&f->manager));
    answer(f, SWITCH_RESULT_DONE);
    assert_non_null(strstr(screen(f), "done"));
    type(f, "net link 0 up\r");
    assert_int_equal(request.command, SWITCH_COMMAND_LINK_UP);
    time_now += 6 * 1000000;
    assert_false(manager_poll(&f->manager));
    assert_non_null(strstr(screen(f), "the switch does not answer"));
    assert_false(f->manager.busy);
    clear(f);
    type(f, "net link 0\r");
    assert_non_null(strstr(screen(f), "usage: net link"));
}

static void limits_of_ports(void **state)
{
    static const struct {
        const char *line;
        struct switch_limits limits;
    } cases[] = {
        {"net limit vm1/net0 frames 100\r", {100, 1 << 20, 1000, 20}},
        {"net limit 1 bandwidth 64KiB\r", {77, 0x10000, 1000, 20}},
        {"net limit 1 frames none bandwidth 10M broadcast 5\r", {0, 10 << 20, 5, 20}},
        {"net limit 1 multicast none broadcast none bandwidth none frames 1\r", {1, 0, 0, 0}},
    };
    struct fixture *f = *state;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        status.ports[1].limits = (struct switch_limits){77, 1 << 20, 1000, 20};
        notified_channel = 999;
        type(f, cases[i].line);
        assert_int_equal(request.sequence, i + 1);
        assert_int_equal(request.command, SWITCH_COMMAND_LIMIT);
        assert_int_equal(request.port, 1);
        assert_memory_equal(&request.limits, &cases[i].limits, sizeof(request.limits));
        assert_true(manager_poll(&f->manager));
        clear(f);
        answer(f, SWITCH_RESULT_DONE);
        assert_non_null(strstr(screen(f), "done\r\nmanager> "));
    }
    type(f, "net limit 1 frames 1\r");
    answer(f, SWITCH_RESULT_NO_PORT);
    assert_non_null(strstr(screen(f), "the switch has no such port"));
}

static void limits_that_are_none(void **state)
{
    static const char *const lines[] = {"0 frames",
                                        "0 frames 0",
                                        "0 frames -1",
                                        "0 frames 1000000001",
                                        "0 bandwidth 65535",
                                        "0 bandwidth much",
                                        "0 broadcast 0",
                                        "0 iops 5",
                                        "0 frames 1 speed 2",
                                        "",
                                        "0 multicast 1000001",
                                        "0",
                                        "0 frames 1 bandwidth"};
    struct fixture *f = *state;
    char line[80];
    for (uint32_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        clear(f);
        snprintf(line, sizeof(line), "net limit %s\r", lines[i]);
        type(f, line);
        assert_non_null(strstr(screen(f), "usage: net limit"));
    }
    type(f, "net limit vm2/net0 frames 5\r");
    assert_non_null(strstr(screen(f), "there is no port vm2/net0"));
    assert_int_equal(request.sequence, 0);
}

static void limits_are_shown(void **state)
{
    struct fixture *f = *state;
    type(f, "net list\r");
    assert_null(strstr(screen(f), "limits"));
    status.ports[1].limits = (struct switch_limits){77, 1 << 20, 1000, 0};
    status.ports[1].waits = 12;
    clear(f);
    type(f, "net list\r");
    assert_non_null(strstr(screen(f), "\n    limits: 77 frames/s 1024 KiB/s; it has waited 12 times\r\n"));
    status.ports[1].limits.frames_per_second = 0;
    status.ports[1].waits_now = 1;
    clear(f);
    type(f, "net show 1\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, "\n    limits: 1024 KiB/s; it has waited 12 times, and waits now\r\n"));
    assert_non_null(strstr(text, " 1000 broadcasts a second are allowed"));
    assert_null(strstr(text, "multicasts"));
}

/* --- Captures --- */

static uint32_t add_record(uint64_t position, uint32_t length, uint8_t first)
{
    uint32_t header[4] = {5, 6, length, length};
    uint8_t record[16 + CAPTURE_SIZE];
    memcpy(record, header, sizeof(header));
    for (uint32_t i = 0; i < length; i++) {
        record[16 + i] = (uint8_t)(first + i);
    }
    for (uint32_t i = 0; i < 16 + length; i++) {
        capture.ring.data[(position + i) % CAPTURE_SIZE] = record[i];
    }
    return 16 + length;
}

static uint32_t decode(const char *text, uint8_t *bytes, uint32_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *end = strstr(text, CAPTURE_END);
    const char *at = strstr(text, CAPTURE_BEGIN);
    assert_non_null(end);
    assert_non_null(at);
    uint32_t count = 0, bits = 0, held = 0;
    for (at += strlen(CAPTURE_BEGIN); at < end; at++) {
        const char *digit = strchr(digits, *at);
        if (digit != NULL && *at != '\0') {
            bits = bits << 6 | (uint32_t)(digit - digits);
            held += 6;
            if (held >= 8) {
                held -= 8;
                assert_true(count < size);
                bytes[count++] = (uint8_t)(bits >> held);
            }
        }
    }
    return count;
}

static void a_capture_is_printed(void **state)
{
    struct fixture *f = *state;
    type(f, "net capture vm0/net0 100\r");
    assert_int_equal(request.command, SWITCH_COMMAND_CAPTURE_START);
    assert_int_equal(request.value, 100);
    answer(f, SWITCH_RESULT_DONE);
    status.capturing = 1;
    clear(f);
    type(f, "net capture print\r");
    assert_non_null(strstr(screen(f), "net capture stop ends that"));
    type(f, "net capture stop\r");
    assert_int_equal(request.command, SWITCH_COMMAND_CAPTURE_STOP);
    answer(f, SWITCH_RESULT_DONE);
    status.capturing = 0;
    /* Records that go over the ring's end. */
    uint64_t position = 5 * CAPTURE_SIZE - 150;
    capture.ring.oldest = position;
    position += add_record(position, 100, 1);
    position += add_record(position, 60, 200);
    capture.ring.newest = position;
    clear(f);
    type(f, "net capture print\r");
    assert_true(f->manager.busy);
    while (manager_poll(&f->manager)) {
    }
    assert_false(f->manager.busy);
    const char *text = screen(f);
    assert_non_null(strstr(text, "2 frames, 0 older ones were overwritten"));
    uint8_t file[400] = {0};
    assert_int_equal(decode(text, file, sizeof(file)), 24 + 116 + 76);
    assert_memory_equal(file, ((uint8_t[]){0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0}), 8);
    assert_int_equal(file[20], 1);
    assert_int_equal(file[24 + 8], 100);
    assert_int_equal(file[24 + 16], 1);
    assert_int_equal(file[24 + 16 + 99], 100);
    assert_int_equal(file[24 + 116 + 8], 60);
    assert_int_equal(file[24 + 116 + 16 + 59], (200 + 59) % 256);
}

static void accounts_that_make_no_sense_are_refused(void **state)
{
    struct fixture *f = *state;
    type(f, "net capture print\r");
    assert_non_null(strstr(screen(f), "no frame was captured"));
    clear(f);
    capture.ring.newest = CAPTURE_SIZE + 1;
    type(f, "net capture print\r");
    assert_non_null(strstr(screen(f), "makes no sense"));
    clear(f);
    add_record(0, 100, 0);
    capture.ring.newest = 115;
    type(f, "net capture print\r");
    assert_non_null(strstr(screen(f), "make no sense"));
    capture.ring.newest = 10;
    type(f, "net capture print\r");
    assert_false(f->manager.busy);
    type(f, "net capture\r");
    type(f, "net capture 0 70000\r");
    assert_false(f->manager.busy);
}

static void systems_without_networks_say_so(void **state)
{
    struct fixture *f = *state;
    type(f, "net list\r");
    assert_non_null(strstr(screen(f), "this system has no networks"));
    f->config.switch_status = (uintptr_t)&status;
    f->config.switch_request = 0;
    assert_false(manager_initialise(&f->manager, &operations, &f->config, 1000000));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_networks, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(ports_are_listed),
        TEST(counters_of_a_port_are_shown),
        TEST(links_are_switched),
        TEST(limits_of_ports),
        TEST(limits_that_are_none),
        TEST(limits_are_shown),
        TEST(a_capture_is_printed),
        TEST(accounts_that_make_no_sense_are_refused),
        cmocka_unit_test_setup_teardown(systems_without_networks_say_so, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
