# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,bench_duo,$(GUEST)/vmlinuz $(GUEST)/bench_initrd.img)
