# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,quad,$(GUEST)/vmlinuz $(GUEST)/initrd.img)
