# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the VMM's side of seL4 on x86-64, on a fake kernel: no SDK is needed. vmm/build.mk includes this file.

SEL4_X86_TESTED := vmm/hv/sel4/vcpu_x86_64.c vmm/hv/sel4/vmcs_x86_64.c
# An SDK's headers, where there is one, come first.
$(foreach source,$(wildcard tests/unit/vmm/sel4_x86_64/*.c) $(SEL4_X86_TESTED),\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES) -Ivmm/hv/sel4/arch/@ARCH@ \
	-idirafter tests/unit/vmm/sel4_x86_64/include))

$(call unit_test,sel4_vtx_test,$(wildcard tests/unit/vmm/sel4_x86_64/*.c) $(SEL4_X86_TESTED))
