/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <tool/json.h>

static void put_text(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(to, "\\%c", c);
        } else if (c < 0x20 || c > 0x7e) {
            fprintf(to, "\\u%04x", c);
        } else {
            fputc(c, to);
        }
    }
    fputc('"', to);
}

static void start_value(struct json *json, const char *key)
{
    if (json->depth != 0) {
        fprintf(json->to, "%s\n%*s", json->first ? "" : ",", (int)(json->depth * 2), "");
    }
    json->first = false;
    if (key != NULL) {
        put_text(json->to, key);
        fputs(": ", json->to);
    }
}

void json_open(struct json *json, const char *key, char bracket)
{
    start_value(json, key);
    fputc(bracket, json->to);
    json->depth++;
    json->first = true;
}

void json_close(struct json *json, char bracket)
{
    json->depth--;
    if (!json->first) {
        fprintf(json->to, "\n%*s", (int)(json->depth * 2), "");
    }
    fputc(bracket, json->to);
    json->first = false;
    if (json->depth == 0) {
        fputc('\n', json->to);
    }
}

void json_string(struct json *json, const char *key, const char *text)
{
    start_value(json, key);
    put_text(json->to, text);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    start_value(json, key);
    fprintf(json->to, "%" PRIu64, value);
}

void json_boolean(struct json *json, const char *key, bool value)
{
    start_value(json, key);
    fputs(value ? "true" : "false", json->to);
}

void json_bytes(struct json *json, const char *key, const uint8_t *bytes, size_t size)
{
    start_value(json, key);
    fputc('"', json->to);
    for (size_t i = 0; i < size; i++) {
        fprintf(json->to, "%02x", bytes[i]);
    }
    fputc('"', json->to);
}
