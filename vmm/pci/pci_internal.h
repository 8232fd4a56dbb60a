/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the host bridge and the functions on its bus. */
#pragma once

#include <vmm/devices/pci.h>

/* offset: 0..4095 (what a function does not have reads 0); width: 1, 2 or 4. */
uint32_t pci_config_read(struct pci_device *function, uint32_t offset, uint32_t width);
void pci_config_write(struct pci_device *function, uint32_t offset, uint32_t width, uint32_t value);
void pci_function_reset(struct pci_device *function);
/* What the function's BARs decode may have changed for other reasons than a write to its registers. */
void pci_device_update(struct pci_device *function);
/* Who writes its messages: bus 15:8, device 7:3, function 2:0. */
uint32_t pci_requester(const struct pci_device *function);
/* Takes the function out while the guest uses it: a driver that waits for its registers to become 0, as Linux's of
 * virtio does, finds them 0. Where they were is given up when the function is reset or another needs the place. */
void pci_function_pull(struct pci_device *function);
/* Which of the four interrupt lines the function's pin is wired to; the function has a pin. */
uint32_t pci_line(const struct pci_device *function);
/* What answers to configuration accesses of that bus, device and function now; NULL: nothing. */
struct pci_device *pci_host_function(const struct pci_host *host, uint32_t bus, uint32_t devfn);
