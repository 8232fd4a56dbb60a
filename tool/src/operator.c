/* SPDX-License-Identifier: BSD-2-Clause */
/* <operator>: to whose key the manager seals what it exports. */
#include "operator.h"
#include "element_builder.h"
#include "parse.h"
#include <crypto/seal.h>
#include <tool/layout.h>

void parse_operator(struct system *system, xmlNodePtr node)
{
    static const char *const known[] = {"key", NULL};
    long line = element_line(node);
    check_attributes(system, node, known);
    check_empty(system, node);
    if (system->operator_line != 0) {
        report_error(&system->diagnostics, line, "<operator> again (first at line %ld); keep one",
                     system->operator_line);
        return;
    }
    system->operator_line = line;
    system->operator_key_path = required_attribute(system, node, "key");
}

/* NULL if the key cannot be used, which is reported. */
static struct blob *read_key(struct system *system)
{
    const char *path = system->operator_key_path;
    const char *found = find_file(&system->arena, system->search, path);
    const char *reason = NULL;
    uint32_t suite;
    const uint8_t *public_key;
    if (found == NULL) {
        report_error(&system->diagnostics, system->operator_line,
                     "<operator key=\"%s\"> is not found; make one with 'skyscope keygen --operator', correct the path "
                     "or add its directory with --search-path",
                     path);
        return NULL;
    }
    struct blob *blob = system_read_blob(system, found, &reason);
    if (blob == NULL) {
        report_error(&system->diagnostics, system->operator_line,
                     "<operator key=\"%s\"> cannot be read: %s; give a readable file", path, reason);
        return NULL;
    }
    enum seal_error error = seal_key_file_parse(blob->data, blob->size, &suite, &public_key);
    if (error != SEAL_OK) {
        report_error(&system->diagnostics, system->operator_line,
                     "<operator key=\"%s\">: %s; give the operator.pub that 'skyscope keygen --operator' made", path,
                     seal_error_text(error));
        return NULL;
    }
    return blob;
}

void expand_operator(struct system *system, struct pd *manager, uint64_t address, struct manager_config *config)
{
    if (system->operator_key_path == NULL) {
        return;
    }
    if (manager == NULL) {
        report_error(&system->diagnostics, system->operator_line,
                     "<operator> in a system without <vm>; remove it, only the manager of VMs exports logs");
        return;
    }
    struct blob *blob = read_key(system);
    if (blob == NULL) {
        return;
    }
    struct region *region = add_region(system, system->operator_line, "operator_key", 0, PAGE_SIZE_4K, blob);
    region->prefill_path = system->operator_key_path;
    add_map(system, &manager->maps, system->operator_line, region, address, PLAN_MAP_READ, NULL);
    config->operator_key = address;
    config->operator_key_size = blob->size;
}
