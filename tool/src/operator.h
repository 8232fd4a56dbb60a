/* SPDX-License-Identifier: BSD-2-Clause */
/* <operator>: to whose key the manager seals what it exports. */
#pragma once

#include <tool/xml_reader.h>

void parse_operator(struct system *system, xmlNodePtr node);
/* Gives the manager the key at an address in its address space. manager: NULL if the system has none, which is
 * then a mistake if there is an <operator>. */
void expand_operator(struct system *system, struct pd *manager, uint64_t address, struct manager_config *config);
