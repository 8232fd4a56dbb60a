/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_control.h"

#include <base/memory.h>

#include "manager.h"
#include "net_view.h"

/* The switch has a higher priority than whoever could keep it busy. */
#define ANSWER_SECONDS 5u

#define FRAMES_MAXIMUM    1000000000u
#define FLOODS_MAXIMUM    1000000u /* broadcasts, multicasts */
#define BANDWIDTH_MINIMUM 0x10000u

/* https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap: header of the file and of a record. */
#define PCAP_MAGIC         0xa1b2c3d4u /* times in microseconds */
#define PCAP_VERSION_MAJOR 2u
#define PCAP_VERSION_MINOR 4u
#define PCAP_ETHERNET      1u
#define RECORD_HEADER      16u
/* Room in the output for a piece of PIECE bytes in base64, with ends of lines. */
#define PIECE              1024u
#define PIECE_ROOM         2048u

bool net_initialise(struct manager *manager, const struct manager_config *config)
{
    struct net_control *net = &manager->net;
    memset(net, 0, sizeof(*net));
    if (config->switch_status == 0) {
        return true;
    }
    if (config->switch_request == 0 || (config->switch_request | config->switch_status | config->switch_capture) % 8 ||
        config->switch_channel >= PLAN_CHANNEL_IDS) {
        return false;
    }
    net->request = (struct switch_request *)(uintptr_t)config->switch_request;
    net->status = (const struct switch_status *)(uintptr_t)config->switch_status;
    net->channel = config->switch_channel;
    net->sequence = net->request->sequence;
    if (config->switch_capture != 0 && config->switch_capture_size > sizeof(struct switch_capture)) {
        net->capture = (const struct switch_capture *)(uintptr_t)config->switch_capture;
        net->capture_size = config->switch_capture_size - (uint32_t)sizeof(struct switch_capture);
    }
    return true;
}

/* --- Requests --- */

static void send_request(struct manager *manager, enum switch_command command, uint32_t port, uint32_t value)
{
    struct net_control *net = &manager->net;
    net->request->command = command;
    net->request->port = port;
    net->request->value = value;
    net->sequence++;
    __atomic_store_n(&net->request->sequence, net->sequence, __ATOMIC_RELEASE);
    net->waiting = true;
    net->deadline = manager->operations->now() + ANSWER_SECONDS * manager->tick_frequency;
    manager->operations->notify(net->channel);
    manager->busy = true;
    manager->busy_vm = MANAGER_NO_VM;
}

static const char *result_text(uint32_t result)
{
    switch (result) {
    case SWITCH_RESULT_DONE:
        return "done";
    case SWITCH_RESULT_NO_PORT:
        return "the switch has no such port";
    case SWITCH_RESULT_NO_CAPTURE:
        return "the switch has no memory for captures";
    default:
        return "the switch does not know this command";
    }
}

/* By name or number; SWITCH_MAX_PORTS, and says so, if there is none. */
static uint32_t find_port(struct manager *manager, const char *name)
{
    const struct switch_status *status = manager->net.status;
    uint32_t count = net_port_count(status), number;
    for (uint32_t i = 0; i < count; i++) {
        if (strncmp(status->ports[i].name, name, VM_NAME_LENGTH) == 0) {
            return i;
        }
    }
    if (parse_number(name, SWITCH_MAX_PORTS, &number) && number < count) {
        return number;
    }
    print(&manager->out, "there is no port %s; net list shows them\n", name);
    return SWITCH_MAX_PORTS;
}

/* --- Printing a capture --- */

static void write_line(void *context, const char *line)
{
    print(context, "%s\n", line);
}

static void read_ring(const struct net_control *net, uint64_t position, uint8_t *to, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        to[i] = *(const volatile uint8_t *)&net->capture->data[(position + i) % net->capture_size];
    }
}

/* Frames between the ends of the ring; 0 if they do not fit in. */
static uint32_t count_frames(const struct net_control *net, uint64_t position, uint64_t end)
{
    uint32_t frames = 0;
    while (position < end) {
        uint32_t kept;
        read_ring(net, position + 8, (uint8_t *)&kept, sizeof(kept));
        if (end - position < RECORD_HEADER || kept > end - position - RECORD_HEADER) {
            return 0;
        }
        position += RECORD_HEADER + kept;
        frames++;
    }
    return frames;
}

static void start_printing(struct manager *manager)
{
    struct net_control *net = &manager->net;
    struct text_output *out = &manager->out;
    if (net->capture == NULL) {
        print(out, "this system has no memory for captures\n");
        return;
    }
    if (__atomic_load_n(&net->status->capturing, __ATOMIC_ACQUIRE) != 0) {
        print(out, "frames are being captured; net capture stop ends that\n");
        return;
    }
    uint64_t oldest = __atomic_load_n(&net->capture->oldest, __ATOMIC_RELAXED);
    uint64_t newest = __atomic_load_n(&net->capture->newest, __ATOMIC_RELAXED);
    uint32_t snap_length = __atomic_load_n(&net->capture->snap_length, __ATOMIC_RELAXED);
    if (newest - oldest > net->capture_size) {
        print(out, "the switch's account of what it captured makes no sense\n");
        return;
    }
    uint32_t frames = count_frames(net, oldest, newest);
    if (newest != oldest && frames == 0) {
        print(out, "the records that the switch captured make no sense\n");
        return;
    }
    if (newest == oldest) {
        print(out, "no frame was captured; net capture PORT starts it\n");
        return;
    }
    const struct __attribute__((packed)) {
        uint32_t magic;
        uint16_t major, minor;
        uint32_t reserved[2];
        uint32_t snap_length, link_type;
    } header = {.magic = PCAP_MAGIC,
                .major = PCAP_VERSION_MAJOR,
                .minor = PCAP_VERSION_MINOR,
                .snap_length = snap_length,
                .link_type = PCAP_ETHERNET};
    print(out, "Copy the lines from BEGIN to END into a file; base64 -d of what is between them is a pcap file.\n"
               "Stay on this console until the end.\n");
    net->position = oldest;
    net->end = newest;
    net->frames = frames;
    net->printing = true;
    armour_start_as(&net->armour, CAPTURE_BEGIN, CAPTURE_END, write_line, out);
    armour_add(&net->armour, (const uint8_t *)&header, sizeof(header));
    manager->busy = true;
    manager->busy_vm = MANAGER_NO_VM;
}

static void print_piece(struct net_control *net)
{
    uint8_t bytes[PIECE];
    uint64_t left = net->end - net->position;
    uint32_t length = left < PIECE ? (uint32_t)left : PIECE;
    read_ring(net, net->position, bytes, length);
    armour_add(&net->armour, bytes, length);
    net->position += length;
}

static bool print_capture(struct manager *manager)
{
    struct net_control *net = &manager->net;
    struct text_output *out = &manager->out;
    while (net->position != net->end && out->size - text_output_waiting(out) > PIECE_ROOM) {
        print_piece(net);
    }
    if (net->position != net->end || out->size - text_output_waiting(out) <= PIECE_ROOM) {
        return true;
    }
    armour_finish(&net->armour);
    print(out, "%u frames, %llu older ones were overwritten\n", (unsigned int)net->frames,
          (unsigned long long)net->capture->overwritten);
    net->printing = false;
    return false;
}

/* --- Commands --- */

static void run_capture(struct manager *manager, const struct command_words *words)
{
    uint32_t bytes = 0;
    if (words->count == 3 && strcmp(words->word[2], "stop") == 0) {
        send_request(manager, SWITCH_COMMAND_CAPTURE_STOP, 0, 0);
        return;
    }
    if (words->count == 3 && strcmp(words->word[2], "print") == 0) {
        start_printing(manager);
        return;
    }
    if (words->count < 3 || (words->count == 4 && !parse_number(words->word[3], 65535, &bytes)) || words->count > 4) {
        print(&manager->out, "usage: net capture PORT [BYTES], net capture stop, net capture print\n");
        return;
    }
    uint32_t port = find_port(manager, words->word[2]);
    if (port < SWITCH_MAX_PORTS) {
        send_request(manager, SWITCH_COMMAND_CAPTURE_START, port, bytes);
    }
}

static void run_link(struct manager *manager, const struct command_words *words)
{
    bool up = words->count == 4 && strcmp(words->word[3], "up") == 0;
    if (!up && (words->count != 4 || strcmp(words->word[3], "down") != 0)) {
        print(&manager->out, "usage: net link PORT up, net link PORT down\n");
        return;
    }
    uint32_t port = find_port(manager, words->word[2]);
    if (port < SWITCH_MAX_PORTS) {
        send_request(manager, up ? SWITCH_COMMAND_LINK_UP : SWITCH_COMMAND_LINK_DOWN, port, 0);
    }
}

static bool parse_limit(const char *name, const char *text, struct switch_limits *limits)
{
    if (strcmp(name, "bandwidth") == 0) {
        return parse_size_or_none(text, BANDWIDTH_MINIMUM, &limits->bytes_per_second);
    }
    if (strcmp(name, "frames") == 0) {
        uint32_t number = 0;
        bool valid = parse_number_or_none(text, 1, FRAMES_MAXIMUM, &number);
        limits->frames_per_second = number;
        return valid;
    }
    uint32_t *limit = strcmp(name, "broadcast") == 0   ? &limits->broadcasts_per_second
                      : strcmp(name, "multicast") == 0 ? &limits->multicasts_per_second
                                                       : NULL;
    return limit != NULL && parse_number_or_none(text, 1, FLOODS_MAXIMUM, limit);
}

/* What is not named stays. */
static void run_limit(struct manager *manager, const struct command_words *words)
{
    struct net_control *net = &manager->net;
    bool valid = words->count >= 5 && words->count % 2 == 1;
    uint32_t port = valid ? find_port(manager, words->word[2]) : SWITCH_MAX_PORTS;
    if (valid && port == SWITCH_MAX_PORTS) {
        return;
    }
    struct switch_limits limits = {0};
    if (valid) {
        limits = *(const volatile struct switch_limits *)&net->status->ports[port].limits;
    }
    for (unsigned int i = 3; valid && i < words->count; i += 2) {
        valid = parse_limit(words->word[i], words->word[i + 1], &limits);
    }
    if (!valid) {
        print(&manager->out, "usage: net limit PORT [frames N] [bandwidth SIZE] [broadcast N] [multicast N]; in a "
                             "second, SIZE at least 64KiB such as 10MiB; none: no limit\n");
        return;
    }
    net->request->limits = limits;
    send_request(manager, SWITCH_COMMAND_LIMIT, port, 0);
}

void run_net(struct manager *manager, const struct command_words *words)
{
    const struct net_control *net = &manager->net;
    const char *what = words->count > 1 ? words->word[1] : "";
    if (net_port_count(net->status) == 0) {
        print(&manager->out, "this system has no networks\n");
    } else if (words->count == 2 && strcmp(what, "list") == 0) {
        show_ports(manager);
    } else if (words->count == 3 && strcmp(what, "show") == 0) {
        uint32_t port = find_port(manager, words->word[2]);
        if (port < SWITCH_MAX_PORTS) {
            show_port(&manager->out, net->status, port);
        }
    } else if (strcmp(what, "link") == 0) {
        run_link(manager, words);
    } else if (strcmp(what, "limit") == 0) {
        run_limit(manager, words);
    } else if (strcmp(what, "capture") == 0) {
        run_capture(manager, words);
    } else {
        print(&manager->out, "usage: net list, net show PORT, net link PORT up|down, net limit PORT ..., net capture "
                             "...\n");
    }
}

bool net_step(struct manager *manager)
{
    struct net_control *net = &manager->net;
    if (net->printing) {
        return print_capture(manager);
    }
    if (!net->waiting) {
        return false;
    }
    if (__atomic_load_n(&net->status->sequence, __ATOMIC_ACQUIRE) == net->sequence) {
        print(&manager->out, "%s\n", result_text(net->status->result));
        net->waiting = false;
    } else if (manager->operations->now() >= net->deadline) {
        print(&manager->out, "the switch does not answer\n");
        net->waiting = false;
    }
    return net->waiting;
}
