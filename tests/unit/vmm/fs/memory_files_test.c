/* SPDX-License-Identifier: BSD-2-Clause */
/* Files in memory, through the FUSE server: what a guest's programs do, what it must not, and that nothing leaks. */
#include "fuse_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmm/fs/memory_files.h>

#define MEMORY 0x400000u

struct fixture {
    struct memory_files files;
    struct fuse_client client;
    void *memory;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    f->memory = test_malloc(MEMORY);
    memset(f->memory, 0xa5, MEMORY);
    assert_true(memory_files_init(&f->files, f->memory, MEMORY));
    client_init(&f->client, memory_files_store(&f->files));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    test_free(f->memory);
    test_free(f);
    return 0;
}

static void test_what_is_written_is_read(void **state)
{
    struct fixture *f = *state;
    static uint8_t data[50000], back[60000];
    uint64_t node;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 31 + i / 256);
    }
    assert_int_equal(client_create(&f->client, CLIENT_ROOT, "file", &node), 0);
    assert_int_equal(client_write(&f->client, node, 3000, data, sizeof(data)), sizeof(data));
    assert_int_equal(client_read(&f->client, node, 0, back, sizeof(back)), 53000);
    for (size_t i = 0; i < 3000; i++) {
        assert_int_equal(back[i], 0);
    }
    assert_memory_equal(back + 3000, data, sizeof(data));
    assert_int_equal(client_read(&f->client, node, 52990, back, 100), 10);
    assert_int_equal(client_read(&f->client, node, 53000, back, 100), 0);
    assert_int_equal(client_read(&f->client, node, UINT64_MAX / 2, back, 100), 0);
    struct fuse_attr attributes;
    assert_int_equal(client_attributes(&f->client, node, &attributes), 0);
    assert_int_equal(attributes.size, 53000);
    assert_int_equal(attributes.mode, 0100644);
    assert_int_equal(attributes.uid, 1000);
    assert_int_equal(attributes.mtime, CLIENT_NOW / 1000000000u);
}

static void test_sizes_change(void **state)
{
    struct fixture *f = *state;
    uint8_t data[5000], back[5000];
    uint64_t node;
    memset(data, 'x', sizeof(data));
    assert_int_equal(client_create(&f->client, CLIENT_ROOT, "file", &node), 0);
    assert_int_equal(client_write(&f->client, node, 0, data, sizeof(data)), sizeof(data));
    assert_int_equal(client_truncate(&f->client, node, 10), 0);
    assert_int_equal(client_truncate(&f->client, node, 5000), 0);
    assert_int_equal(client_read(&f->client, node, 0, back, 5000), 5000);
    assert_memory_equal(back, data, 10);
    for (size_t i = 10; i < sizeof(back); i++) { /* what was cut off does not come back */
        assert_int_equal(back[i], 0);
    }
    /* Larger than the memory: only what is written takes room. */
    uint32_t free_blocks = f->files.free_blocks;
    assert_int_equal(client_truncate(&f->client, node, 1ull << 40), 0);
    assert_int_equal(client_write(&f->client, node, (1ull << 40) - 1, "z", 1), 1);
    assert_true(free_blocks - f->files.free_blocks <= 6);
    assert_int_equal(client_read(&f->client, node, (1ull << 40) - 2, back, 10), 2);
    assert_memory_equal(back, "\0z", 2);
    assert_int_equal(client_truncate(&f->client, node, 0), 0);
    assert_true(f->files.free_blocks > free_blocks);
}

static void test_names(void **state)
{
    struct fixture *f = *state;
    uint64_t directory, file, again;
    char names[200];
    assert_int_equal(client_mkdir(&f->client, CLIENT_ROOT, "dir", &directory), 0);
    assert_int_equal(client_create(&f->client, directory, "b", &file), 0);
    assert_int_equal(client_create(&f->client, directory, "a", &again), 0);
    assert_int_equal(client_create(&f->client, directory, "a", &again), -FILE_EXISTS);
    assert_int_equal(client_list(&f->client, directory, 4096, names, sizeof(names)), 0);
    assert_string_equal(names, "b a ");
    assert_int_equal(client_list(&f->client, directory, 40, names, sizeof(names)), 0); /* one by one */
    assert_string_equal(names, "b a ");
    assert_int_equal(client_look_up(&f->client, directory, "b", &again), 0);
    assert_int_equal(again, file);
    assert_int_equal(client_look_up(&f->client, directory, "c", &again), -FILE_NOT_FOUND);
    assert_int_equal(client_look_up(&f->client, file, "c", &again), -FILE_NOT_DIRECTORY);
    assert_int_equal(client_rmdir(&f->client, CLIENT_ROOT, "dir"), -FILE_NOT_EMPTY);
    assert_int_equal(client_unlink(&f->client, CLIENT_ROOT, "dir"), -FILE_IS_DIRECTORY);
    assert_int_equal(client_rmdir(&f->client, directory, "a"), -FILE_NOT_DIRECTORY);
    assert_int_equal(client_unlink(&f->client, directory, "a"), 0);
    assert_int_equal(client_unlink(&f->client, directory, "b"), 0);
    assert_int_equal(client_rmdir(&f->client, CLIENT_ROOT, "dir"), 0);
    /* Somebody is still in it. */
    assert_int_equal(client_create(&f->client, directory, "late", &again), -FILE_NOT_FOUND);
}

static void test_a_directory_hands_its_group_on(void **state)
{
    struct fixture *f = *state;
    uint64_t directory, inner, file;
    struct fuse_attr attributes;
    assert_int_equal(client_mkdir(&f->client, CLIENT_ROOT, "shared", &directory), 0);
    struct fuse_setattr_in in = {.valid = FATTR_MODE | FATTR_GID, .mode = 02770, .gid = 555};
    assert_int_equal(client_call(&f->client, FUSE_SETATTR, directory, &in, sizeof(in), NULL, 0), 0);
    assert_int_equal(client_mkdir(&f->client, directory, "inner", &inner), 0);
    assert_int_equal(client_create(&f->client, inner, "file", &file), 0);
    assert_int_equal(client_attributes(&f->client, inner, &attributes), 0);
    assert_int_equal(attributes.gid, 555);
    assert_int_equal(attributes.mode & 02000, 02000);
    assert_int_equal(client_attributes(&f->client, file, &attributes), 0);
    assert_int_equal(attributes.gid, 555);
    assert_int_equal(attributes.mode & 02000, 0);
    assert_int_equal(client_create(&f->client, CLIENT_ROOT, "elsewhere", &file), 0);
    assert_int_equal(client_attributes(&f->client, file, &attributes), 0);
    assert_int_equal(attributes.gid, 100);
}

static void test_renaming(void **state)
{
    struct fixture *f = *state;
    uint64_t one, two, inner, file, found;
    struct fuse_client *c = &f->client;
    assert_int_equal(client_mkdir(c, CLIENT_ROOT, "one", &one), 0);
    assert_int_equal(client_mkdir(c, CLIENT_ROOT, "two", &two), 0);
    assert_int_equal(client_mkdir(c, one, "inner", &inner), 0);
    assert_int_equal(client_create(c, one, "file", &file), 0);
    assert_int_equal(client_rename(c, CLIENT_ROOT, "one", inner, "loop", 0), -FILE_INVALID);
    assert_int_equal(client_rename(c, CLIENT_ROOT, "one", one, "loop", 0), -FILE_INVALID);
    assert_int_equal(client_rename(c, one, "file", two, "moved", 0), 0);
    assert_int_equal(client_look_up(c, two, "moved", &found), 0);
    assert_int_equal(found, file);
    assert_int_equal(client_look_up(c, one, "file", &found), -FILE_NOT_FOUND);
    assert_int_equal(client_create(c, one, "other", &found), 0);
    assert_int_equal(client_rename(c, one, "other", two, "moved", 1), -FILE_EXISTS);
    assert_int_equal(client_rename(c, one, "other", two, "moved", 0), 0);
    assert_int_equal(client_rename(c, two, "moved", one, "inner", 0), -FILE_IS_DIRECTORY);
    assert_int_equal(client_rename(c, one, "inner", two, "moved", 0), -FILE_NOT_DIRECTORY);
    assert_int_equal(client_rename(c, one, "inner", CLIENT_ROOT, "two", 0), -FILE_NOT_EMPTY);
    assert_int_equal(client_rename(c, one, "none", two, "x", 0), -FILE_NOT_FOUND);
    assert_int_equal(client_rename(c, one, "inner", two, "x", 8), -FILE_INVALID);
    assert_int_equal(client_rename(c, one, "inner", CLIENT_ROOT, "top", 0), 0);
    struct fuse_attr attributes;
    assert_int_equal(client_attributes(c, inner, &attributes), 0);
    assert_int_equal(client_rename(c, CLIENT_ROOT, "one", inner, "below", 0), 0); /* now it can */
}

static void test_links(void **state)
{
    struct fixture *f = *state;
    struct fuse_client *c = &f->client;
    uint64_t file, found;
    struct fuse_attr attributes;
    assert_int_equal(client_create(c, CLIENT_ROOT, "file", &file), 0);
    struct fuse_link_in in = {.oldnodeid = file};
    assert_int_equal(client_call(c, FUSE_LINK, CLIENT_ROOT, &in, sizeof(in), "second", 7), 0);
    assert_int_equal(client_attributes(c, file, &attributes), 0);
    assert_int_equal(attributes.nlink, 2);
    assert_int_equal(client_rename(c, CLIENT_ROOT, "file", CLIENT_ROOT, "second", 0), 0);
    assert_int_equal(client_look_up(c, CLIENT_ROOT, "file", &found), 0); /* as rename(2) has it */
    in.oldnodeid = CLIENT_ROOT;
    assert_int_equal(client_call(c, FUSE_LINK, CLIENT_ROOT, &in, sizeof(in), "root", 5), -FILE_NOT_PERMITTED);
    assert_int_equal(client_call(c, FUSE_SYMLINK, CLIENT_ROOT, "link\0/else/where", 17, NULL, 0), 0);
    assert_int_equal(client_look_up(c, CLIENT_ROOT, "link", &found), 0);
    assert_int_equal(client_call(c, FUSE_READLINK, found, NULL, 0, NULL, 0), 0);
    assert_int_equal(c->answer_size, 11);
    assert_memory_equal(client_body(c), "/else/where", 11);
    assert_int_equal(client_call(c, FUSE_READLINK, file, NULL, 0, NULL, 0), -FILE_INVALID);
    assert_int_equal(client_call(c, FUSE_SYMLINK, CLIENT_ROOT, "no end\0target", 13, NULL, 0), -FILE_INVALID);
}

static void test_a_file_without_a_name_lives_as_long_as_it_is_known(void **state)
{
    struct fixture *f = *state;
    struct fuse_client *c = &f->client;
    uint64_t file, other;
    uint8_t back[4];
    uint32_t nodes = f->files.free_nodes, blocks = f->files.free_blocks;
    assert_int_equal(client_create(c, CLIENT_ROOT, "file", &file), 0);
    assert_int_equal(client_look_up(c, CLIENT_ROOT, "file", &file), 0);
    assert_int_equal(client_write(c, file, 0, "abcd", 4), 4);
    assert_int_equal(client_unlink(c, CLIENT_ROOT, "file"), 0);
    assert_int_equal(client_read(c, file, 0, back, 4), 4);
    client_forget(c, file, 1);
    assert_int_equal(client_read(c, file, 0, back, 4), 4);
    client_forget(c, file, 1);
    assert_int_equal(client_read(c, file, 0, back, 4), -FILE_STALE);
    client_forget(c, file, UINT64_MAX);
    assert_int_equal(f->files.free_nodes, nodes);
    assert_int_equal(f->files.free_blocks, blocks);
    /* A guest that is reset has forgotten all. */
    assert_int_equal(client_create(c, CLIENT_ROOT, "kept", &other), 0);
    assert_int_equal(client_create(c, CLIENT_ROOT, "gone", &file), 0);
    assert_int_equal(client_write(c, file, 0, "abcd", 4), 4);
    assert_int_equal(client_unlink(c, CLIENT_ROOT, "gone"), 0);
    fuse_server_reset(&c->server);
    memory_files_forget_all(&f->files);
    assert_int_equal(f->files.free_nodes, nodes - 1);
    assert_int_equal(f->files.free_blocks, blocks);
    client_init(c, memory_files_store(&f->files));
    assert_int_equal(client_look_up(c, CLIENT_ROOT, "kept", &other), 0);
}

static void test_a_full_store_says_so_and_goes_on(void **state)
{
    struct fixture *f = *state;
    struct fuse_client *c = &f->client;
    static uint8_t data[0x10000];
    uint64_t file, node;
    uint32_t blocks = f->files.free_blocks;
    assert_int_equal(client_create(c, CLIENT_ROOT, "file", &file), 0);
    uint64_t offset = 0;
    int written;
    while ((written = client_write(c, file, offset, data, sizeof(data))) > 0) {
        offset += (uint64_t)written;
    }
    assert_int_equal(written, -FILE_NO_SPACE);
    assert_int_equal(f->files.free_blocks, 0);
    assert_int_equal(client_write(c, file, 0, "again", 5), 5); /* in place */
    assert_int_equal(client_call(c, FUSE_SYMLINK, CLIENT_ROOT, "link\0target", 12, NULL, 0), -FILE_NO_SPACE);
    assert_int_equal(client_look_up(c, CLIENT_ROOT, "link", &node), -FILE_NOT_FOUND);
    assert_int_equal(client_unlink(c, CLIENT_ROOT, "file"), 0);
    client_forget(c, file, 1);
    assert_int_equal(f->files.free_blocks, blocks);
    char name[16];
    uint32_t made = 0;
    int error = 0;
    while (error == 0) {
        snprintf(name, sizeof(name), "n%u", made);
        error = client_create(c, CLIENT_ROOT, name, &node);
        made += error == 0;
    }
    assert_int_equal(error, -FILE_NO_SPACE);
    assert_int_equal(made, f->files.node_count - 1);
    /* Renaming needs no room. */
    assert_int_equal(client_rename(c, CLIENT_ROOT, "n0", CLIENT_ROOT, "renamed", 0), 0);
    assert_int_equal(client_unlink(c, CLIENT_ROOT, "n1"), 0);
}

static void test_a_large_directory_is_listed_in_parts(void **state)
{
    struct fixture *f = *state;
    struct fuse_client *c = &f->client;
    char name[200];
    uint64_t node;
    for (uint32_t i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "%0190u", i);
        assert_int_equal(client_create(c, CLIENT_ROOT, name, &node), 0);
    }
    uint32_t size = sizeof(c->answer) - sizeof(struct fuse_out_header);
    struct fuse_read_in in = {.size = size};
    assert_int_equal(client_call(c, FUSE_READDIRPLUS, CLIENT_ROOT, &in, sizeof(in), NULL, 0), 0);
    assert_in_range(c->answer_size, FUSE_SERVER_MAX_WRITE - 500, FUSE_SERVER_MAX_WRITE);
    static char names[500 * 191 + 1];
    assert_int_equal(client_list(c, CLIENT_ROOT, size, names, sizeof(names)), 0);
    assert_int_equal(strlen(names), sizeof(names) - 1);
}

/* --- Requests that make no sense --- */

static void test_names_that_are_none(void **state)
{
    struct fixture *f = *state;
    struct fuse_client *c = &f->client;
    uint64_t node;
    char name[300];
    assert_int_equal(client_create(c, CLIENT_ROOT, "", &node), -FILE_INVALID);
    assert_int_equal(client_create(c, CLIENT_ROOT, ".", &node), -FILE_INVALID);
    assert_int_equal(client_create(c, CLIENT_ROOT, "..", &node), -FILE_INVALID);
    assert_int_equal(client_create(c, CLIENT_ROOT, "a/b", &node), -FILE_INVALID);
    memset(name, 'n', sizeof(name));
    name[256] = '\0';
    assert_int_equal(client_create(c, CLIENT_ROOT, name, &node), -FILE_NAME_TOO_LONG);
    name[255] = '\0';
    assert_int_equal(client_create(c, CLIENT_ROOT, name, &node), 0);
    assert_int_equal(client_call(c, FUSE_LOOKUP, CLIENT_ROOT, "noend", 5, NULL, 0), -FILE_INVALID);
    assert_int_equal(client_call(c, FUSE_LOOKUP, CLIENT_ROOT, NULL, 0, NULL, 0), -FILE_INVALID);
}

static void test_nodes_that_are_none(void **state)
{
    struct fixture *f = *state;
    struct fuse_client *c = &f->client;
    static const uint64_t numbers[] = {0, 2, 5, 1000000, UINT64_MAX};
    uint64_t node;
    uint8_t byte;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_int_equal(client_look_up(c, numbers[i], "x", &node), -FILE_STALE);
        assert_int_equal(client_create(c, numbers[i], "x", &node), -FILE_STALE);
        assert_int_equal(client_read(c, numbers[i], 0, &byte, 1), -FILE_STALE);
        assert_int_equal(client_write(c, numbers[i], 0, "x", 1), -FILE_STALE);
        assert_int_equal(client_truncate(c, numbers[i], 5), -FILE_STALE);
        client_forget(c, numbers[i], 5);
    }
    assert_int_equal(client_write(c, CLIENT_ROOT, 0, "x", 1), -FILE_INVALID);
    assert_int_equal(client_read(c, CLIENT_ROOT, 0, &byte, 1), -FILE_INVALID);
}

static void test_requests_cut_short(void **state)
{
    struct fixture *f = *state;
    struct fuse_client *c = &f->client;
    uint64_t node;
    assert_int_equal(client_create(c, CLIENT_ROOT, "file", &node), 0);
    static const uint8_t arguments[200];
    for (uint32_t opcode = 0; opcode < 64; opcode++) {
        for (uint32_t size = 0; size < 100; size++) {
            c->room = size / 2 + 1; /* and answers without room */
            client_call(c, opcode == FUSE_DESTROY ? FUSE_LOOKUP : opcode, node, arguments, size, NULL, 0);
        }
    }
    c->room = 0;
    struct fuse_write_in in = {.size = 4096};
    assert_int_equal(client_call(c, FUSE_WRITE, node, &in, sizeof(in), "short", 5), -FILE_INVALID);
    in.size = FUSE_SERVER_MAX_WRITE + 1;
    assert_int_equal(client_call(c, FUSE_WRITE, node, &in, sizeof(in), "short", 5), -FILE_INVALID);
    in.size = 1;
    in.offset = UINT64_MAX;
    assert_int_equal(client_call(c, FUSE_WRITE, node, &in, sizeof(in), "short", 5), -FILE_INVALID);
    assert_int_equal(client_call(c, 4096, node, NULL, 0, NULL, 0), -FILE_UNKNOWN_OPERATION);
    assert_int_equal(client_call(c, FUSE_OPEN, node, arguments, 8, NULL, 0), -FILE_UNKNOWN_OPERATION);
    assert_int_equal(client_call(c, FUSE_DESTROY, node, NULL, 0, NULL, 0), 0);
    assert_int_equal(client_look_up(c, CLIENT_ROOT, "file", &node), -FILE_IO);
}

static void test_memory_that_is_too_little(void **state)
{
    struct fixture *f = *state;
    struct memory_files files;
    assert_false(memory_files_init(&files, f->memory, MEMORY_FILES_MINIMUM - 1));
    assert_false(memory_files_init(&files, NULL, MEMORY));
    assert_true(memory_files_init(&files, f->memory, MEMORY_FILES_MINIMUM));
    assert_true(files.block_count > 16);
}

/* --- Against a model --- */

#define FILES    24u
#define FILE_MAX 70000u

struct model {
    bool there[FILES];
    uint64_t node[FILES], lookups[FILES];
    uint32_t size[FILES];
    uint8_t content[FILES][FILE_MAX];
};

static uint32_t random_state;

static uint32_t pick(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

static void step(struct fixture *f, struct model *m)
{
    struct fuse_client *c = &f->client;
    static uint8_t buffer[FILE_MAX];
    uint32_t i = pick(FILES);
    char name[8];
    snprintf(name, sizeof(name), "f%u", i);
    if (!m->there[i]) {
        assert_int_equal(client_create(c, CLIENT_ROOT, name, &m->node[i]), 0);
        m->there[i] = true;
        m->lookups[i] = 1;
        m->size[i] = 0;
        memset(m->content[i], 0, FILE_MAX);
        return;
    }
    uint32_t offset = pick(FILE_MAX - 20000), length = pick(20000) + 1;
    switch (pick(5)) {
    case 0:
        assert_int_equal(client_unlink(c, CLIENT_ROOT, name), 0);
        client_forget(c, m->node[i], m->lookups[i]);
        m->there[i] = false;
        break;
    case 1:
        assert_int_equal(client_truncate(c, m->node[i], offset), 0);
        if (offset < m->size[i]) {
            memset(m->content[i] + offset, 0, FILE_MAX - offset);
        }
        m->size[i] = offset;
        break;
    case 2:
        assert_int_equal(client_look_up(c, CLIENT_ROOT, name, &m->node[i]), 0);
        m->lookups[i]++;
        break;
    default:
        for (uint32_t k = 0; k < length; k++) {
            buffer[k] = (uint8_t)pick(256);
        }
        int written = client_write(c, m->node[i], offset, buffer, length);
        if (written == -FILE_NO_SPACE) {
            break;
        }
        assert_true(written > 0);
        memcpy(m->content[i] + offset, buffer, (uint32_t)written);
        m->size[i] = offset + (uint32_t)written > m->size[i] ? offset + (uint32_t)written : m->size[i];
        break;
    }
    if (m->there[i]) {
        assert_int_equal(client_read(c, m->node[i], 0, buffer, FILE_MAX), m->size[i]);
        assert_memory_equal(buffer, m->content[i], m->size[i]);
    }
}

static void test_many_steps_against_a_model(void **state)
{
    struct fixture *f = *state;
    struct model *m = test_calloc(1, sizeof(*m));
    uint32_t nodes = f->files.free_nodes, blocks = f->files.free_blocks;
    random_state = 7;
    for (uint32_t i = 0; i < 3000; i++) {
        step(f, m);
    }
    for (uint32_t i = 0; i < FILES; i++) {
        char name[8];
        snprintf(name, sizeof(name), "f%u", i);
        if (m->there[i]) {
            assert_int_equal(client_unlink(&f->client, CLIENT_ROOT, name), 0);
            client_forget(&f->client, m->node[i], m->lookups[i]);
        }
    }
    assert_int_equal(f->files.free_nodes, nodes);
    assert_int_equal(f->files.free_blocks, blocks);
    test_free(m);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_written_is_read),
        TEST(test_sizes_change),
        TEST(test_names),
        TEST(test_a_directory_hands_its_group_on),
        TEST(test_renaming),
        TEST(test_links),
        TEST(test_a_file_without_a_name_lives_as_long_as_it_is_known),
        TEST(test_a_full_store_says_so_and_goes_on),
        TEST(test_a_large_directory_is_listed_in_parts),
        TEST(test_names_that_are_none),
        TEST(test_nodes_that_are_none),
        TEST(test_requests_cut_short),
        TEST(test_memory_that_is_too_little),
        TEST(test_many_steps_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
