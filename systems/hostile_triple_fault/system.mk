# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,hostile_triple_fault,$(GUEST)/vmlinuz $(GUEST)/initrd.img $(GUEST)/hostile_triple_fault.bin)
