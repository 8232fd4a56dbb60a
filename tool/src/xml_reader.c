/* SPDX-License-Identifier: BSD-2-Clause */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>
#include <tool/number.h>
#include <tool/xml_reader.h>

/* Kept in the parser context while it runs. */
struct xml_state {
    struct diagnostics *diagnostics;
    bool document_type;
};

static void on_error(void *context, xmlErrorPtr error)
{
    struct xml_state *state = context;
    if (state->document_type) {
        return;
    }
    char text[256];
    snprintf(text, sizeof(text), "%s", error->message == NULL ? "not well-formed" : error->message);
    text[strcspn(text, "\r\n")] = '\0';
    if (error->level == XML_ERR_WARNING) {
        report_warning(state->diagnostics, error->line, "XML: %s", text);
    } else {
        report_error(state->diagnostics, error->line, "XML: %s; correct the markup first, the rest is checked then",
                     text);
    }
}

/* A document type could define entities and name other files: system files need none. */
static void on_document_type(void *context, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
    (void)name;
    (void)external_id;
    (void)system_id;
    xmlParserCtxtPtr parser = context;
    struct xml_state *state = parser->_private;
    int line = xmlSAX2GetLineNumber(parser);
    report_error(state->diagnostics, line,
                 "document type declaration (<!DOCTYPE ...>) is not allowed; remove it, system files have no entities");
    state->document_type = true;
    xmlStopParser(parser);
}

/* Elements of the document, counted up to `limit`. */
static size_t count_elements(xmlNodePtr root, size_t limit)
{
    size_t count = 0;
    for (xmlNodePtr node = root; node != NULL && count <= limit;) {
        count += node->type == XML_ELEMENT_NODE;
        if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
            node = node->children;
            continue;
        }
        while (node != root && node->next == NULL) {
            node = node->parent;
        }
        node = node == root ? NULL : node->next;
    }
    return count;
}

xmlDocPtr xml_parse(struct diagnostics *diagnostics, const void *text, size_t size)
{
    if (size > SYSTEM_FILE_MAX_SIZE) {
        report_error(diagnostics, 0, "the file has more than %u MiB; a system file is far smaller",
                     SYSTEM_FILE_MAX_SIZE >> 20);
        return NULL;
    }
    if (size == 0) {
        report_error(diagnostics, 1, "the file is empty; its root element must be <system>");
        return NULL;
    }
    xmlParserCtxtPtr parser = xmlNewParserCtxt();
    if (parser == NULL) {
        report_error(diagnostics, 0, "the XML parser cannot start: out of memory");
        return NULL;
    }
    struct xml_state state = {.diagnostics = diagnostics};
    size_t errors_before = diagnostics->error_count;
    parser->_private = &state;
    parser->sax->internalSubset = on_document_type;
    xmlSetStructuredErrorFunc(&state, on_error);
    xmlDocPtr document = xmlCtxtReadMemory(parser, text, (int)size, diagnostics->file, NULL,
                                           XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
    bool well_formed = parser->wellFormed != 0 && !state.document_type;
    xmlSetStructuredErrorFunc(NULL, NULL);
    xmlFreeParserCtxt(parser);
    if (document != NULL && (!well_formed || xmlDocGetRootElement(document) == NULL)) {
        xmlFreeDoc(document);
        document = NULL;
    }
    if (document != NULL &&
        count_elements(xmlDocGetRootElement(document), SYSTEM_FILE_MAX_ELEMENTS) > SYSTEM_FILE_MAX_ELEMENTS) {
        report_error(diagnostics, 0, "the file has more than %u elements; make the system smaller",
                     SYSTEM_FILE_MAX_ELEMENTS);
        xmlFreeDoc(document);
        document = NULL;
    }
    if (document == NULL && diagnostics->error_count == errors_before) {
        report_error(diagnostics, 1, "XML: not well-formed; correct the markup");
    }
    return document;
}

const char *element_name(xmlNodePtr node)
{
    return (const char *)node->name;
}

long element_line(xmlNodePtr node)
{
    return xmlGetLineNo(node);
}

bool element_is(xmlNodePtr node, const char *name)
{
    return node->ns == NULL && strcmp(element_name(node), name) == 0;
}

xmlNodePtr next_element(xmlNodePtr node)
{
    while (node != NULL && node->type != XML_ELEMENT_NODE) {
        node = node->next;
    }
    return node;
}

static unsigned int edit_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    unsigned int row[33];
    if (a_length > 32 || b_length > 32) {
        return 100;
    }
    for (unsigned int j = 0; j <= b_length; j++) {
        row[j] = j;
    }
    for (unsigned int i = 1; i <= a_length; i++) {
        unsigned int diagonal = row[0];
        row[0] = i;
        for (unsigned int j = 1; j <= b_length; j++) {
            unsigned int above = row[j];
            unsigned int best = diagonal + (a[i - 1] != b[j - 1]);
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[b_length];
}

/* "did you mean 'x'?" where one is near, else the list of what there is. */
static const char *suggestion(struct system *system, const char *word, const char *const *known)
{
    const char *nearest = NULL;
    unsigned int distance = 4;
    for (size_t i = 0; known[i] != NULL; i++) {
        unsigned int d = edit_distance(word, known[i]);
        if (d < distance && d <= strlen(known[i]) / 3) {
            distance = d;
            nearest = known[i];
        }
    }
    if (nearest != NULL) {
        return arena_format(&system->arena, "did you mean '%s'?", nearest);
    }
    if (known[0] == NULL) {
        return "it takes none";
    }
    const char *all = known[0];
    for (size_t i = 1; known[i] != NULL; i++) {
        all = arena_format(&system->arena, "%s, %s", all, known[i]);
    }
    return arena_format(&system->arena, "known here: %s", all);
}

void check_attributes(struct system *system, xmlNodePtr node, const char *const *known)
{
    for (xmlAttrPtr a = node->properties; a != NULL; a = a->next) {
        const char *name = (const char *)a->name;
        bool found = false;
        for (size_t i = 0; known[i] != NULL && a->ns == NULL; i++) {
            found = found || strcmp(known[i], name) == 0;
        }
        if (!found) {
            report_error(&system->diagnostics, element_line(node), "<%s> has an unknown attribute '%s'; %s",
                         element_name(node), name, suggestion(system, name, known));
        }
    }
}

void report_unknown_element(struct system *system, xmlNodePtr node, const char *const *known)
{
    report_error(&system->diagnostics, element_line(node), "unknown element <%s> in <%s>; %s", element_name(node),
                 node->parent != NULL && node->parent->name != NULL ? element_name(node->parent) : "file",
                 suggestion(system, element_name(node), known));
}

void check_no_text(struct system *system, xmlNodePtr node)
{
    for (xmlNodePtr child = node->children; child != NULL; child = child->next) {
        bool text = child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE;
        if (child->type == XML_ENTITY_REF_NODE || (text && !xmlIsBlankNode(child))) {
            report_error(&system->diagnostics, element_line(node),
                         "<%s> contains text; remove it, or make it a comment <!-- ... -->", element_name(node));
            return;
        }
    }
}

void check_empty(struct system *system, xmlNodePtr node)
{
    static const char *const none[] = {NULL};
    check_no_text(system, node);
    FOR_EACH_CHILD (child, node) {
        report_unknown_element(system, child, none);
    }
}

const char *attribute(struct system *system, xmlNodePtr node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
    if (value == NULL) {
        return NULL;
    }
    const char *copy = arena_copy_string(&system->arena, (const char *)value);
    xmlFree(value);
    return copy;
}

const char *required_attribute(struct system *system, xmlNodePtr node, const char *name)
{
    const char *value = attribute(system, node, name);
    if (value == NULL) {
        report_error(&system->diagnostics, element_line(node), "<%s> lacks the attribute '%s'; add %s=\"...\"",
                     element_name(node), name, name);
    } else if (value[0] == '\0') {
        report_error(&system->diagnostics, element_line(node), "<%s> has an empty attribute '%s'; give it a value",
                     element_name(node), name);
        value = NULL;
    }
    return value;
}

const char *name_attribute(struct system *system, xmlNodePtr node, const char *name)
{
    const char *value = required_attribute(system, node, name);
    if (value == NULL) {
        return "";
    }
    if (strlen(value) >= PLAN_NAME_LENGTH) {
        report_error(&system->diagnostics, element_line(node),
                     "<%s> %s=\"%.20s...\" has %zu characters; use at most %u", element_name(node), name, value,
                     strlen(value), PLAN_NAME_LENGTH - 1);
        return "";
    }
    for (const char *c = value; *c != '\0'; c++) {
        if (*c < 0x20 || *c > 0x7e || *c == ':' || *c == '/') {
            report_error(&system->diagnostics, element_line(node),
                         "<%s> %s=\"%s\" has a character that names cannot have; use printable ASCII without ':' and "
                         "'/'",
                         element_name(node), name, value);
            return "";
        }
    }
    return value;
}

bool number_attribute(struct system *system, xmlNodePtr node, const char *name, uint64_t minimum, uint64_t maximum,
                      uint64_t *value)
{
    const char *text = attribute(system, node, name);
    uint64_t number;
    if (text == NULL) {
        return false;
    }
    if (!parse_number(text, &number)) {
        report_error(&system->diagnostics, element_line(node),
                     "<%s> %s=\"%s\" is not a number; write decimal or 0x-prefixed hexadecimal digits below 2^64",
                     element_name(node), name, text);
        return false;
    }
    if (number < minimum || number > maximum) {
        if (maximum > 0xffffff) {
            report_error(&system->diagnostics, element_line(node), "<%s> %s=\"%s\" is out of range; use %#llx to %#llx",
                         element_name(node), name, text, (unsigned long long)minimum, (unsigned long long)maximum);
        } else {
            report_error(&system->diagnostics, element_line(node), "<%s> %s=\"%s\" is out of range; use %llu to %llu",
                         element_name(node), name, text, (unsigned long long)minimum, (unsigned long long)maximum);
        }
        return false;
    }
    *value = number;
    return true;
}

bool required_number(struct system *system, xmlNodePtr node, const char *name, uint64_t minimum, uint64_t maximum,
                     uint64_t *value)
{
    return required_attribute(system, node, name) != NULL &&
           number_attribute(system, node, name, minimum, maximum, value);
}

bool size_attribute(struct system *system, xmlNodePtr node, const char *name, uint64_t *value)
{
    const char *text = attribute(system, node, name);
    if (text == NULL) {
        return false;
    }
    if (!parse_size(text, value)) {
        report_error(&system->diagnostics, element_line(node),
                     "<%s> %s=\"%s\" is not a size; write bytes in decimal or 0x-prefixed hexadecimal, or a number "
                     "with KiB, MiB or GiB",
                     element_name(node), name, text);
        return false;
    }
    return true;
}

static void word_attribute(struct system *system, xmlNodePtr node, const char *name,
                           bool (*parse)(const char *, bool *), const char *words, bool *value)
{
    const char *text = attribute(system, node, name);
    if (text != NULL && !parse(text, value)) {
        report_error(&system->diagnostics, element_line(node), "<%s> %s=\"%s\" is not understood; use %s",
                     element_name(node), name, text, words);
    }
}

void boolean_attribute(struct system *system, xmlNodePtr node, const char *name, bool *value)
{
    word_attribute(system, node, name, parse_boolean, "\"true\" or \"false\"", value);
}

void switch_attribute(struct system *system, xmlNodePtr node, const char *name, bool *value)
{
    word_attribute(system, node, name, parse_switch, "\"on\" or \"off\"", value);
}

bool choice_attribute(struct system *system, xmlNodePtr node, const char *name, const char *first_word,
                      const char *second_word, bool *second)
{
    const char *text = attribute(system, node, name);
    if (text == NULL) {
        return false;
    }
    if (strcmp(text, first_word) == 0 || strcmp(text, second_word) == 0) {
        *second = strcmp(text, second_word) == 0;
        return true;
    }
    report_error(&system->diagnostics, element_line(node), "<%s> %s=\"%s\" is not understood; use \"%s\" or \"%s\"",
                 element_name(node), name, text, first_word, second_word);
    return false;
}
