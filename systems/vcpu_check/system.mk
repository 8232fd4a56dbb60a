# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,vcpu_check,$(GUEST)/vcpu_check.bin)
