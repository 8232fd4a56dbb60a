/* SPDX-License-Identifier: BSD-2-Clause */
/* A packed directory tree through the FUSE server, and trees that are none. */
#include "fuse_client.h"

#include <stdlib.h>
#include <string.h>

#include <vmm/fs/file_tree.h>

#define NAMES   "etcusrhostslinkshare"
#define CONTENT "127.0.0.1 localhost\nshare"

/* / { etc { hosts, link -> share }, usr { share { } } } */
enum { ROOT, ETC, USR, HOSTS, LINK, SHARE, COUNT };

struct image {
    struct tree_header header;
    struct tree_node nodes[COUNT];
    char names[sizeof(NAMES)];
    char content[sizeof(CONTENT)];
};

static const struct image *good_image(void)
{
    static struct image image;
    uint64_t content = offsetof(struct image, content);
    image = (struct image){
        .header = {.magic = TREE_MAGIC,
                   .version = TREE_VERSION,
                   .node_count = COUNT,
                   .nodes = offsetof(struct image, nodes),
                   .names = offsetof(struct image, names),
                   .names_size = sizeof(NAMES) - 1,
                   .content_size = sizeof(CONTENT) - 1,
                   .size = sizeof(image)},
        .nodes = {[ROOT] = {.mode = 040755, .first_child = ETC, .child_count = 2},
                  [ETC] = {.mode = 040755, .name = 0, .name_length = 3, .first_child = HOSTS, .child_count = 2},
                  [USR] = {.mode = 040755, .name = 3, .name_length = 3, .first_child = SHARE, .child_count = 1},
                  [HOSTS] = {.mode = 0100644,
                             .parent = ETC,
                             .name = 6,
                             .name_length = 5,
                             .size = 20,
                             .content = content,
                             .modified = 1234,
                             .owner = 5,
                             .group = 6},
                  [LINK] = {.mode = 0120777,
                            .parent = ETC,
                            .name = 11,
                            .name_length = 4,
                            .size = 5,
                            .content = content + 20},
                  [SHARE] = {.mode = 040755, .parent = USR, .name = 15, .name_length = 5}},
        .names = NAMES,
        .content = CONTENT,
    };
    return &image;
}

static struct file_tree tree;
static struct fuse_client client;

static void open_good_tree(void)
{
    assert_null(file_tree_init(&tree, good_image(), sizeof(struct image)));
    client_init(&client, file_tree_store(&tree));
}

static void test_files_are_found_and_read(void **state)
{
    (void)state;
    uint64_t etc, usr, hosts, node;
    char bytes[64], names[64];
    open_good_tree();
    assert_int_equal(client_look_up(&client, CLIENT_ROOT, "etc", &etc), 0);
    assert_int_equal(client_look_up(&client, CLIENT_ROOT, "usr", &usr), 0);
    assert_int_equal(client_look_up(&client, etc, "hosts", &hosts), 0);
    assert_int_equal(client_look_up(&client, etc, "host", &node), -FILE_NOT_FOUND);
    assert_int_equal(client_look_up(&client, etc, "hosts2", &node), -FILE_NOT_FOUND);
    assert_int_equal(client_look_up(&client, hosts, "x", &node), -FILE_NOT_DIRECTORY);
    assert_int_equal(client_look_up(&client, CLIENT_ROOT + COUNT, "x", &node), -FILE_STALE);
    assert_int_equal(client_read(&client, hosts, 10, bytes, 64), 10);
    assert_memory_equal(bytes, "localhost\n", 10);
    assert_int_equal(client_read(&client, hosts, 20, bytes, 64), 0);
    struct fuse_attr attributes;
    assert_int_equal(client_attributes(&client, hosts, &attributes), 0);
    assert_int_equal(attributes.size, 20);
    assert_int_equal(attributes.mtime, 1234);
    assert_int_equal(attributes.uid, 5);
    assert_int_equal(attributes.gid, 6);
    assert_int_equal(client_list(&client, etc, 4096, names, sizeof(names)), 0);
    assert_string_equal(names, "hosts link ");
    assert_int_equal(client_list(&client, hosts, 4096, names, sizeof(names)), -FILE_INVALID);
    assert_int_equal(client_look_up(&client, etc, "link", &node), 0);
    assert_int_equal(client_call(&client, FUSE_READLINK, node, NULL, 0, NULL, 0), 0);
    assert_int_equal(client.answer_size, 5);
    assert_memory_equal(client_body(&client), "share", 5);
}

static void test_nothing_can_be_changed(void **state)
{
    (void)state;
    uint64_t node;
    open_good_tree();
    assert_int_equal(client_create(&client, CLIENT_ROOT, "new", &node), -FILE_READ_ONLY);
    assert_int_equal(client_mkdir(&client, CLIENT_ROOT, "new", &node), -FILE_READ_ONLY);
    assert_int_equal(client_unlink(&client, CLIENT_ROOT, "etc"), -FILE_READ_ONLY);
    assert_int_equal(client_write(&client, CLIENT_ROOT + HOSTS, 0, "x", 1), -FILE_READ_ONLY);
    assert_int_equal(client_truncate(&client, CLIENT_ROOT + HOSTS, 0), -FILE_READ_ONLY);
    assert_int_equal(client_rename(&client, CLIENT_ROOT, "etc", CLIENT_ROOT, "x", 0), -FILE_READ_ONLY);
    client_forget(&client, CLIENT_ROOT + HOSTS, 1);
}

static void test_entries_with_attributes(void **state)
{
    (void)state;
    open_good_tree();
    struct fuse_read_in in = {.size = 4096};
    assert_int_equal(client_call(&client, FUSE_READDIRPLUS, CLIENT_ROOT, &in, sizeof(in), NULL, 0), 0);
    const uint8_t *at = client_body(&client);
    static const uint64_t nodes[] = {0, 0, CLIENT_ROOT + ETC, CLIENT_ROOT + USR};
    static const char *const names[] = {".", "..", "etc", "usr"};
    for (uint32_t i = 0; i < 4; i++) {
        struct fuse_direntplus entry;
        memcpy(&entry, at, sizeof(entry));
        assert_int_equal(entry.entry_out.nodeid, nodes[i]);
        assert_int_equal(entry.dirent.namelen, strlen(names[i]));
        assert_memory_equal(at + sizeof(entry), names[i], strlen(names[i]));
        assert_int_equal(entry.dirent.type, 4);
        at += (sizeof(entry) + entry.dirent.namelen + 7) & ~(size_t)7;
    }
    assert_ptr_equal(at, (const uint8_t *)client_body(&client) + client.answer_size);
}

static void test_every_cut_is_noticed(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < sizeof(struct image); size++) {
        assert_non_null(file_tree_init(&tree, good_image(), size));
    }
}

/* Each makes the good image a bad one. */
static void test_trees_that_are_none(void **state)
{
    (void)state;
    struct image bad;
#define REFUSED(change)                                                                                                \
    bad = *good_image();                                                                                               \
    change;                                                                                                            \
    assert_non_null(file_tree_init(&tree, &bad, sizeof(bad)))
    REFUSED(bad.header.magic++);
    REFUSED(bad.header.version++);
    REFUSED(bad.header.node_count = 0);
    REFUSED(bad.header.node_count = UINT32_MAX);
    REFUSED(bad.header.node_count--);
    REFUSED(bad.header.nodes += 4);
    REFUSED(bad.header.nodes = UINT64_MAX - 7);
    REFUSED(bad.header.names_size--);
    REFUSED(bad.header.names = sizeof(bad));
    REFUSED(bad.header.size++);
    REFUSED(bad.nodes[ROOT].mode = 0100644);
    REFUSED(bad.nodes[ROOT].first_child = ROOT);
    REFUSED(bad.nodes[ROOT].child_count = 1);
    REFUSED(bad.nodes[ETC].child_count = 3);
    REFUSED(bad.nodes[ETC].first_child = ROOT);
    REFUSED(bad.nodes[ETC].first_child = SHARE);
    REFUSED(bad.nodes[SHARE].first_child = ETC; bad.nodes[SHARE].child_count = 1);
    REFUSED(bad.nodes[HOSTS].child_count = 1; bad.nodes[HOSTS].first_child = 6);
    REFUSED(bad.nodes[HOSTS].parent = USR);
    REFUSED(bad.nodes[HOSTS].size = sizeof(bad));
    REFUSED(bad.nodes[HOSTS].content = UINT64_MAX);
    REFUSED(bad.nodes[HOSTS].mode = 0060644);
    REFUSED(bad.nodes[HOSTS].name_length = 0);
    REFUSED(bad.nodes[HOSTS].name_length = 256);
    REFUSED(bad.nodes[HOSTS].name = UINT32_MAX);
    REFUSED(bad.nodes[LINK].size = 0);
    REFUSED(bad.nodes[LINK].name = 6; bad.nodes[LINK].name_length = 5); /* the same name twice */
    REFUSED(bad.nodes[USR].name = 0);                                   /* "etc" again */
    REFUSED(bad.nodes[SHARE].size = 1);
    REFUSED(bad.names[7] = '/');
    REFUSED(bad.names[7] = '\0');
    REFUSED(bad.names[15] = '.'; bad.nodes[SHARE].name_length = 1);
    REFUSED(bad.names[15] = '.'; bad.names[16] = '.'; bad.nodes[SHARE].name_length = 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_found_and_read), cmocka_unit_test(test_nothing_can_be_changed),
        cmocka_unit_test(test_entries_with_attributes),  cmocka_unit_test(test_every_cut_is_noticed),
        cmocka_unit_test(test_trees_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
