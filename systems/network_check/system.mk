# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,network_check,$(GUEST)/vmlinuz $(GUEST)/network_initrd.img)
