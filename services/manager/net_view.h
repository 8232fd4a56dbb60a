/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch's ports, as the switch counts. */
#pragma once

#include "manager.h"

/* Ports there are; 0 if there is no switch or it has not started. */
uint32_t net_port_count(const struct switch_status *status);
void show_ports(struct manager *manager);
/* All counters of one port, which there is. */
void show_port(struct text_output *out, const struct switch_status *status, uint32_t port);
