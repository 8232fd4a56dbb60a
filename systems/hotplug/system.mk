# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,hotplug,$(GUEST)/vmlinuz $(GUEST)/storage_initrd.img)
