# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,measured,$(GUEST)/hostile_triple_fault.bin)
