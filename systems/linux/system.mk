# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,linux,$(GUEST)/vmlinuz $(GUEST)/initrd.img)
