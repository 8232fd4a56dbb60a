# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the VMM's side of seL4, on a fake kernel: no SDK is needed. vmm/build.mk includes this file.

# An SDK's headers, where there is one, come first.
$(foreach source,$(wildcard tests/unit/vmm/sel4/*.c) vmm/hv/sel4/vcpu_aarch64.c,\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES) -Ivmm/hv/sel4/arch/@ARCH@ -idirafter tests/unit/vmm/sel4/include))

$(call unit_test_aarch64,sel4_vcpu_test,$(wildcard tests/unit/vmm/sel4/*.c) vmm/hv/sel4/vcpu_aarch64.c)
