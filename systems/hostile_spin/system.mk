# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,hostile_spin,$(GUEST)/vmlinuz $(GUEST)/initrd.img $(GUEST)/hostile_spin.bin)
