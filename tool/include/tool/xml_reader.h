/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System files as XML: a safe way in (no network, no document type, so no
 * entities of the file's own, bounded size and depth), and attribute readers that
 * report what is wrong with a value where it stands.
 */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>
#include <tool/system.h>

#define SYSTEM_FILE_MAX_SIZE     0x400000u
/* More than any system within the limits of the plan has. */
#define SYSTEM_FILE_MAX_ELEMENTS 20000u

/* NULL if the text is not well-formed or has a document type; reported. Free
 * with xmlFreeDoc(). */
xmlDocPtr xml_parse(struct diagnostics *diagnostics, const void *text, size_t size);

const char *element_name(xmlNodePtr node);
long element_line(xmlNodePtr node);
bool element_is(xmlNodePtr node, const char *name);
/* First child element at or after `node`, NULL at the end. */
xmlNodePtr next_element(xmlNodePtr node);
#define FOR_EACH_CHILD(child, node)                                                                                    \
    for (xmlNodePtr child = next_element((node)->children); child != NULL; child = next_element(child->next))

/* Reports attributes that are not in the list (NULL-terminated). */
void check_attributes(struct system *system, xmlNodePtr node, const char *const *known);
/* Reports child elements and text, for an element that has none. */
void check_empty(struct system *system, xmlNodePtr node);
/* Reports text between child elements. */
void check_no_text(struct system *system, xmlNodePtr node);
/* Reports an element that does not belong here. known: NULL-terminated. */
void report_unknown_element(struct system *system, xmlNodePtr node, const char *const *known);

/* Value of an attribute (in the arena), NULL if it is absent. */
const char *attribute(struct system *system, xmlNodePtr node, const char *name);
/* As above; reports absence and an empty value. */
const char *required_attribute(struct system *system, xmlNodePtr node, const char *name);
/* As above, for the name of an object: at most 63 printable ASCII characters, no ':'. Never
 * NULL: "" if there is no usable one. */
const char *name_attribute(struct system *system, xmlNodePtr node, const char *name);

/* True if the attribute is present and its value is in the range; reports a bad
 * value. *value is untouched if false. */
bool number_attribute(struct system *system, xmlNodePtr node, const char *name, uint64_t minimum, uint64_t maximum,
                      uint64_t *value);
/* The same, reports absence too. */
bool required_number(struct system *system, xmlNodePtr node, const char *name, uint64_t minimum, uint64_t maximum,
                     uint64_t *value);
/* Bytes, with unit suffixes. */
bool size_attribute(struct system *system, xmlNodePtr node, const char *name, uint64_t *value);
/* "true" or "false"; `value` keeps its default if absent. */
void boolean_attribute(struct system *system, xmlNodePtr node, const char *name, bool *value);
/* "on" or "off". */
void switch_attribute(struct system *system, xmlNodePtr node, const char *name, bool *value);
/* One of two words; *second is true for the second. Returns whether it is present and good. */
bool choice_attribute(struct system *system, xmlNodePtr node, const char *name, const char *first_word,
                      const char *second_word, bool *second);
