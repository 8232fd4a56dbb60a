# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the VMM's side of seL4, on a fake kernel: no SDK is needed. vmm/build.mk includes this file.

$(foreach source,$(wildcard tests/unit/vmm/sel4/*.c),\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES) -Itests/unit/vmm/sel4/include))

$(call unit_test_aarch64,sel4_vcpu_test,$(wildcard tests/unit/vmm/sel4/*.c))
