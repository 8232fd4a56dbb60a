# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,consoles,$(GUEST)/vmlinuz $(GUEST)/virtio_initrd.img)
