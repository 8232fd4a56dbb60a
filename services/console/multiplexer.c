/* SPDX-License-Identifier: BSD-2-Clause */
#include "multiplexer.h"

#include <base/format.h>
#include <base/memory.h>

/* Bytes of earlier output shown again on switching, to see where one was. */
#define CONTEXT     1500u
/* How far to look for the start of a line. */
#define LINE_SEARCH 1024u

#define ESCAPE        0x1b
/* Asks the terminal where its cursor is. */
#define CURSOR_REPORT "\x1b[6n"
/* Terminals that claim to be smaller are not believed. */
#define SMALLEST_SIDE 2u

void multiplexer_initialise(struct multiplexer *m, uint8_t hot_key)
{
    memset(m, 0, sizeof(*m));
    m->hot_key = hot_key;
}

bool multiplexer_add_client(struct multiplexer *m, const char *name, char *history, uint32_t history_size,
                            bool is_manager)
{
    if (m->client_count == CONSOLE_MAX_CLIENTS || history == NULL || history_size < 64 ||
        (history_size & (history_size - 1)) != 0) {
        return false;
    }
    struct multiplexer_client *client = &m->clients[m->client_count++];
    client->history = history;
    client->history_size = history_size;
    client->is_manager = is_manager;
    for (uint32_t i = 0; i < VM_NAME_LENGTH - 1 && name[i] != '\0'; i++) {
        client->name[i] = name[i] > 0x20 && name[i] < 0x7f ? name[i] : '?';
    }
    return true;
}

/* --- The stage --- */

uint32_t multiplexer_staged(const struct multiplexer *m)
{
    return m->stage_tail - m->stage_head;
}

static uint32_t stage_room(const struct multiplexer *m)
{
    return MULTIPLEXER_STAGE_SIZE - multiplexer_staged(m);
}

/* All of it or nothing. */
static bool stage(struct multiplexer *m, const char *text, size_t length)
{
    if (length > stage_room(m)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        m->stage[m->stage_tail++ % MULTIPLEXER_STAGE_SIZE] = text[i];
    }
    return true;
}

uint32_t multiplexer_take(struct multiplexer *m, char *to, uint32_t limit)
{
    uint32_t count = 0;
    while (count < limit && m->stage_head != m->stage_tail) {
        to[count++] = m->stage[m->stage_head++ % MULTIPLEXER_STAGE_SIZE];
    }
    return count;
}

/* --- Lines of the multiplexer itself --- */

/* The cursor is sent further than it can go; where it stops is the terminal's last column and row. */
static void ask_for_size(struct multiplexer *m)
{
    static const char question[] = "\x1b"
                                   "7"
                                   "\x1b[999;999H" CURSOR_REPORT "\x1b"
                                   "8";
    /* An answer begins with ESC: not found if that is the key that introduces commands. */
    if (m->hot_key != ESCAPE && stage_room(m) >= sizeof(question) &&
        terminal_reports_ask(&m->reports, REPORT_OWN, m->now)) {
        stage(m, question, sizeof(question) - 1);
    }
}

static void begin_own_lines(struct multiplexer *m)
{
    /* Whatever the client in front had begun is abandoned. */
    terminal_filter_reset(&m->filter);
    stage(m, TERMINAL_RESET "\r\n", sizeof(TERMINAL_RESET "\r\n") - 1);
    m->filter.own_lines_visible = true;
    ask_for_size(m);
}

__attribute__((format(printf, 2, 3))) static void own_line(struct multiplexer *m, const char *format, ...)
{
    char line[200];
    size_t mark = sizeof(OWN_LINE_MARK) - 1;
    memcpy(line, OWN_LINE_MARK, mark);
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(line + mark, sizeof(line) - mark - 2, format, arguments);
    va_end(arguments);
    size_t length = wanted < 0 ? 0 : (size_t)wanted;
    if (length > sizeof(line) - mark - 3) {
        length = sizeof(line) - mark - 3;
    }
    line[mark + length] = '\r';
    line[mark + length + 1] = '\n';
    stage(m, line, mark + length + 2);
}

static void hot_key_name(const struct multiplexer *m, char name[8])
{
    snprintf(name, 8, "Ctrl-%c", m->hot_key + 0x40);
}

static void show_list(struct multiplexer *m)
{
    begin_own_lines(m);
    for (uint32_t i = 0; i < m->client_count; i++) {
        const struct multiplexer_client *client = &m->clients[i];
        uint64_t waiting = client->written - client->shown;
        char lost[48] = "";
        if (client->input_dropped > 0) {
            snprintf(lost, sizeof(lost), " (%llu keys lost)", (unsigned long long)client->input_dropped);
        }
        own_line(m, "%c %2u %.40s%s%s", i == m->front ? '>' : ' ', (unsigned int)i, client->name,
                 i != m->front && waiting > 0 ? " (new output)" : "", lost);
    }
}

static void show_help(struct multiplexer *m)
{
    char key[8];
    hot_key_name(m, key);
    begin_own_lines(m);
    own_line(m, "in front: %u %.40s", (unsigned int)m->front, m->clients[m->front].name);
    own_line(m, "%s, then: 0-9 console of that number, n next, p previous,", key);
    own_line(m, "  m manager, l list of consoles, ? this help, %s sends %s itself", key, key);
    own_line(m, "to leave: %s m, then the command poweroff; under QEMU also Ctrl-A x", key);
}

void multiplexer_start(struct multiplexer *m)
{
    char key[8];
    hot_key_name(m, key);
    begin_own_lines(m);
    own_line(m, "console: %u connected; %s ? for help, %s l for a list", (unsigned int)m->client_count, key, key);
    own_line(m, "to leave: %s m, then the command poweroff; under QEMU also Ctrl-A x", key);
    m->front = 0;
    for (uint32_t i = m->client_count; i-- > 0;) {
        if (m->clients[i].is_manager) {
            m->front = i;
        }
    }
}

/* --- Switching --- */

static char history_at(const struct multiplexer_client *client, uint64_t position)
{
    return client->history[position & (client->history_size - 1)];
}

/* Decides from where a client's output is shown when it comes to the front.
 * Returns how many unseen bytes are no longer kept. */
static uint64_t rewind_client(struct multiplexer_client *client)
{
    uint64_t oldest = client->written > client->history_size ? client->written - client->history_size : 0;
    uint64_t lost = client->shown < oldest ? oldest - client->shown : 0;
    uint64_t seen_until = client->shown < oldest ? oldest : client->shown;
    uint64_t start = seen_until > CONTEXT ? seen_until - CONTEXT : 0;
    if (start < oldest) {
        start = oldest;
    }
    client->shown = start;
    if (start == 0) {
        return lost;
    }
    /* Not in the middle of a line, if one starts nearby. */
    for (uint64_t i = start; i < client->written && i < start + LINE_SEARCH; i++) {
        if (history_at(client, i) == '\n') {
            client->shown = i + 1;
            break;
        }
    }
    return lost;
}

static void bring_to_front(struct multiplexer *m, uint32_t index)
{
    struct multiplexer_client *client = &m->clients[index];
    m->switch_pending = false;
    m->front = index;
    uint64_t lost = rewind_client(client);
    begin_own_lines(m);
    own_line(m, "console %u: %.40s", (unsigned int)index, client->name);
    if (lost > 0) {
        own_line(m, "%llu bytes of its output were not kept", (unsigned long long)lost);
    }
}

static void switch_to(struct multiplexer *m, uint32_t index)
{
    if (index >= m->client_count) {
        begin_own_lines(m);
        own_line(m, "there is no console %u", (unsigned int)index);
    } else if (index == m->front) {
        begin_own_lines(m);
        own_line(m, "console %u: %.40s (already in front)", (unsigned int)index, m->clients[index].name);
    } else {
        bring_to_front(m, index);
    }
}

/* --- Keys --- */

static void command_key(struct multiplexer *m, char key)
{
    if (key >= '0' && key <= '9') {
        switch_to(m, (uint32_t)(key - '0'));
        return;
    }
    switch (key) {
    case 'n':
        switch_to(m, (m->front + 1) % m->client_count);
        break;
    case 'p':
        switch_to(m, (m->front + m->client_count - 1) % m->client_count);
        break;
    case 'm':
        for (uint32_t i = 0; i < m->client_count; i++) {
            if (m->clients[i].is_manager) {
                switch_to(m, i);
                return;
            }
        }
        begin_own_lines(m);
        own_line(m, "this system has no manager");
        break;
    case 'l':
        show_list(m);
        break;
    default:
        show_help(m);
        break;
    }
}

bool multiplexer_key(struct multiplexer *m, char key)
{
    if (m->client_count == 0) {
        return false;
    }
    if (!m->hot_key_pressed) {
        m->hot_key_pressed = (uint8_t)key == m->hot_key;
        return !m->hot_key_pressed;
    }
    m->hot_key_pressed = false;
    if ((uint8_t)key == m->hot_key) {
        return true;
    }
    command_key(m, key);
    return false;
}

/* What has turned out to be keys, or an answer. */
static uint32_t take_keys(struct multiplexer *m, const struct terminal_key *typed, char keys[REPORT_MAX_LENGTH])
{
    uint32_t count = 0;
    if (typed->is_answer && typed->asker == REPORT_OWN) {
        if (typed->row >= SMALLEST_SIDE && typed->column >= SMALLEST_SIDE) {
            m->rows = typed->row;
            m->columns = typed->column;
        }
    } else if (typed->is_answer) {
        if (typed->asker == m->front) { /* else it has lost interest */
            memcpy(keys, typed->text, typed->length);
            count = typed->length;
        }
    } else {
        for (uint32_t i = 0; i < typed->length; i++) {
            if (multiplexer_key(m, typed->text[i])) {
                keys[count++] = typed->text[i];
            }
        }
    }
    return count;
}

uint32_t multiplexer_input(struct multiplexer *m, char character, char keys[REPORT_MAX_LENGTH])
{
    struct terminal_key typed;
    terminal_reports_key(&m->reports, character, m->now, &typed);
    return take_keys(m, &typed, keys);
}

uint32_t multiplexer_tick(struct multiplexer *m, char keys[REPORT_MAX_LENGTH])
{
    struct terminal_key typed;
    terminal_reports_tick(&m->reports, m->now, &typed);
    return take_keys(m, &typed, keys);
}

uint64_t multiplexer_deadline(const struct multiplexer *m)
{
    return terminal_reports_deadline(&m->reports);
}

/* --- Output of clients --- */

uint32_t multiplexer_accepts(const struct multiplexer *m, uint32_t index)
{
    const struct multiplexer_client *client = &m->clients[index];
    if (index != m->front) {
        return UINT32_MAX;
    }
    uint64_t waiting = client->written - client->shown;
    uint32_t limit = client->history_size / 2;
    return waiting < limit ? limit - (uint32_t)waiting : 0;
}

static void keep(struct multiplexer_client *client, char c)
{
    client->history[client->written & (client->history_size - 1)] = c;
    client->written++;
}

/* The manager's output may ask for a switch; see CONSOLE_SWITCH_INTRODUCER. */
static void receive_from_manager(struct multiplexer *m, uint32_t index, char c)
{
    struct multiplexer_client *client = &m->clients[index];
    if (m->introducer_seen) {
        m->introducer_seen = false;
        uint32_t wanted = (uint32_t)(uint8_t)c - CONSOLE_SWITCH_BASE;
        if (m->front == index && wanted < m->client_count) {
            m->switch_pending = true;
            m->switch_client = wanted;
            m->switch_position = client->written;
        }
    } else if (c == CONSOLE_SWITCH_INTRODUCER) {
        m->introducer_seen = true;
    } else {
        keep(client, c);
    }
}

void multiplexer_receive(struct multiplexer *m, uint32_t index, const char *text, uint32_t length)
{
    struct multiplexer_client *client = &m->clients[index];
    for (uint32_t i = 0; i < length; i++) {
        if (client->is_manager) {
            receive_from_manager(m, index, text[i]);
        } else {
            keep(client, text[i]);
        }
    }
}

static void pump_front(struct multiplexer *m)
{
    struct multiplexer_client *client = &m->clients[m->front];
    char output[TERMINAL_FILTER_MAX_OUTPUT];
    /* What the manager wrote after asking for a switch is for later. */
    uint64_t end = m->switch_pending && client->is_manager ? m->switch_position : client->written;
    while (client->shown < end && stage_room(m) >= MULTIPLEXER_STAGE_RESERVE + TERMINAL_FILTER_MAX_OUTPUT) {
        char c = history_at(client, client->shown++);
        size_t length = terminal_filter_put(&m->filter, (uint8_t)c, output);
        bool question = length == sizeof(CURSOR_REPORT) - 1 && memcmp(output, CURSOR_REPORT, length) == 0;
        if (!question || terminal_reports_ask(&m->reports, m->front, m->now)) {
            stage(m, output, length);
        }
    }
}

void multiplexer_pump(struct multiplexer *m)
{
    if (m->client_count == 0) {
        return;
    }
    pump_front(m);
    const struct multiplexer_client *client = &m->clients[m->front];
    if (m->switch_pending && client->is_manager && client->shown >= m->switch_position) {
        m->switch_pending = false;
        if (m->switch_client != m->front) {
            bring_to_front(m, m->switch_client);
            pump_front(m);
        }
    }
}
