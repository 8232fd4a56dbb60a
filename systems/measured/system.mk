# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,measured,$(GUEST)/hostile_$(if $(filter x86_64,$(ARCH)),triple_fault,spin).bin)
