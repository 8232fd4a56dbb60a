# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,duo,$(GUEST)/vmlinuz $(GUEST)/initrd.img)
