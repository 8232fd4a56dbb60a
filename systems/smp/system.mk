# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,smp,$(GUEST)/vmlinuz $(GUEST)/initrd.img)
