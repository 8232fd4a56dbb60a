# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,hostile_scribble,$(GUEST)/vmlinuz $(GUEST)/initrd.img $(GUEST)/hostile_scribble.bin)
