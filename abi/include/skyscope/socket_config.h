/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration block of a protection domain that talks to guests by sockets, made by the tool for its <vsock>
 * element. The tool writes its address to the program's variable `uintptr_t skyscope_socket_config`.
 */
#pragma once

#include <stdint.h>

#include <skyscope/vm_devices.h>

#define SOCKET_CONFIG_MAGIC   0x3047464354434b53ull /* "SKCTCFG0" */
#define SOCKET_CONFIG_VERSION 1u

struct socket_config {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* sizeof(struct socket_config) */
    uint64_t cid;  /* this PD's context identifier */
    uint32_t peer_count;
    uint32_t reserved;
    struct socket_peer_config peers[VM_SOCKET_MAX_PEERS];
};
