/* SPDX-License-Identifier: BSD-2-Clause */
/* The root of a system file. */
#include "parse.h"
#include "operator.h"
#include <tool/network.h>

/* Lets the address spaces, channels and so on of a hostile file stay countable. */
#define MAX_PDS_PARSED 1024u

static void parse_top_element(struct system *system, xmlNodePtr node)
{
    static const char *const known[] = {"protection_domain", "memory_region", "channel", "vm",
                                        "network",           "operator",      NULL};
    if (element_is(node, "protection_domain")) {
        if (system->top_pds.count < MAX_PDS_PARSED) {
            parse_protection_domain(system, node, NULL);
        }
    } else if (element_is(node, "memory_region")) {
        parse_memory_region(system, node);
    } else if (element_is(node, "channel")) {
        parse_channel(system, node);
    } else if (element_is(node, "vm")) {
        parse_vm(system, node);
    } else if (element_is(node, "network")) {
        parse_network(system, node);
    } else if (element_is(node, "operator")) {
        parse_operator(system, node);
    } else if (element_is(node, "domains") || element_is(node, "io_address_space")) {
        report_error(&system->diagnostics, element_line(node), "<%s> is not supported yet by this version; remove it",
                     element_name(node));
    } else if (element_is(node, "virtual_machine")) {
        report_error(&system->diagnostics, element_line(node),
                     "<virtual_machine> at the top of <system>; put it into the <protection_domain> of its VMM, or use "
                     "<vm>");
    } else {
        report_unknown_element(system, node, known);
    }
}

void system_parse(struct system *system, const void *text, size_t size)
{
    static const char *const none[] = {NULL};
    xmlDocPtr document = xml_parse(&system->diagnostics, text, size);
    if (document == NULL) {
        system->syntax_error = true;
        return;
    }
    xmlNodePtr root = xmlDocGetRootElement(document);
    if (!element_is(root, "system")) {
        report_error(&system->diagnostics, element_line(root), "the root element is <%s>; it must be <system>",
                     element_name(root));
        system->syntax_error = true;
    } else {
        check_attributes(system, root, none);
        check_no_text(system, root);
        FOR_EACH_CHILD (child, root) {
            parse_top_element(system, child);
        }
        if (system->top_pds.count == 0 && system->vms.count == 0) {
            report_error(&system->diagnostics, element_line(root),
                         "<system> has neither <protection_domain> nor <vm>; add at least one");
        }
    }
    xmlFreeDoc(document);
}
