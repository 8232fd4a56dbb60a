/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plugin for QEMU's TCG that counts how often each instruction runs, and says
 * so at the end: lines "ADDRESS COUNT BYTES" in the file named by output=FILE.
 * profile.py makes a table by function of it.
 *
 * Debian ships QEMU without the header of its plugin interface (version 1): what
 * is used of it is declared here.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct qemu_info_t qemu_info_t;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation, void *counter,
                                                uint64_t operand);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t id, void *data), void *data);

#define EXPORT    __attribute__((visibility("default")))
#define ADD       0
#define BUCKETS   (1u << 18)
#define MAX_BYTES 15u

EXPORT extern int qemu_plugin_version;
int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

struct instruction {
    struct instruction *next;
    uint64_t address;
    uint64_t count;
    uint8_t size;
    uint8_t bytes[MAX_BYTES];
};

static struct instruction *buckets[BUCKETS];
static char *output;

/* The same address can hold different programs' code. */
static struct instruction *find(uint64_t address, const void *bytes, size_t size)
{
    struct instruction **bucket = &buckets[(address * 0x9e3779b97f4a7c15ull) >> 46];
    for (struct instruction *i = *bucket; i != NULL; i = i->next) {
        if (i->address == address && i->size == size && memcmp(i->bytes, bytes, size) == 0) {
            return i;
        }
    }
    struct instruction *new = calloc(1, sizeof(*new));
    if (new == NULL) {
        abort();
    }
    new->address = address;
    new->size = (uint8_t)size;
    memcpy(new->bytes, bytes, size);
    new->next = *bucket;
    *bucket = new;
    return new;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        size_t size = qemu_plugin_insn_size(insn);
        size = size < MAX_BYTES ? size : MAX_BYTES;
        struct instruction *found = find(qemu_plugin_insn_vaddr(insn), qemu_plugin_insn_data(insn), size);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD, &found->count, 1);
    }
}

static void finished(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    FILE *file = fopen(output, "w");
    if (file == NULL) {
        perror(output);
        return;
    }
    for (size_t b = 0; b < BUCKETS; b++) {
        for (const struct instruction *i = buckets[b]; i != NULL; i = i->next) {
            if (i->count == 0) {
                continue;
            }
            fprintf(file, "%" PRIx64 " %" PRIu64 " ", i->address, i->count);
            for (unsigned int n = 0; n < i->size; n++) {
                fprintf(file, "%02x", i->bytes[n]);
            }
            fputc('\n', file);
        }
    }
    fclose(file);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "output=", 7) == 0) {
            output = strdup(argv[i] + 7);
        }
    }
    if (output == NULL) {
        fprintf(stderr, "profile: output=FILE is missing\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
