# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,linux_generic,$(GUEST)/vmlinuz_generic $(GUEST)/initrd_generic.img)
