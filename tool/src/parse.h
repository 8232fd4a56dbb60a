/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of system_parse(): one function per top-level element. */
#pragma once

#include <tool/xml_reader.h>

void parse_memory_region(struct system *system, xmlNodePtr node);
void parse_channel(struct system *system, xmlNodePtr node);
/* parent: NULL at the top. */
void parse_protection_domain(struct system *system, xmlNodePtr node, struct pd *parent);
void parse_vm(struct system *system, xmlNodePtr node);
void parse_map(struct system *system, xmlNodePtr node, struct list *maps, bool in_pd);
/* budget and period in microseconds, of <protection_domain> and <vm>. */
void parse_budget(struct system *system, xmlNodePtr node, uint64_t *budget, uint64_t *period);
