/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flattened device tree (Devicetree Specification 0.4) of an AArch64 guest:
 * what <skyscope/guest_aarch64.h> says, for one VM. /chosen names the console;
 * command line, initrd and random seeds are the VMM's to add.
 */
#pragma once

#include <tool/arena.h>
#include <tool/file.h>

struct vm_element;

/* gic_version: 2 (at most 8 vCPUs) or 3 (with an ITS). ram_start: where the VM's memory begins. psci_method: "hvc" or
 * "smc". NULL: it has no
 * place in a device tree's largest size here, 64 KiB. */
struct blob *guest_device_tree_make(struct arena *arena, const struct vm_element *vm, uint64_t ram_start,
                                    uint32_t gic_version, const char *psci_method);
