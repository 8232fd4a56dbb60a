# SPDX-License-Identifier: BSD-2-Clause
# The targets for people.

# Debian's own interpreter: the one that Debian's Python packages are for.
PYTHON := /usr/bin/python3

ISO := $(BUILD)/skyscope.iso

.PHONY: all programs iso guest run help clean
all: programs $(BUILD)/kernel.elf $(LOADER) $(HOST_BUILD)/bin/skyscope
programs: $(PROGRAMS)
iso: $(ISO)
guest: $(BUILD)/guest/vmlinuz $(BUILD)/guest/initrd.img

RUN_IMAGE := $(if $(filter sel4,$(KERNEL)),$(call sel4_image,$(SYSTEM)),$(ISO))
# seL4 needs VT-x on PCs, which QEMU does not have.
run: $(RUN_IMAGE) $(HOST_BUILD)/bin/skyscope
	@$(if $(filter sel4x86_64,$(KERNEL)$(ARCH)),EMULATOR=bochs )mk/run.sh $(RUN_IMAGE)

# --- Tests ---

TEST_FLAGS ?=
UNIT_TESTS   := $(foreach a,$(ARCHS),$(UNIT_TESTS_$a))
FUZZ_TARGETS := $(foreach a,$(ARCHS),$(FUZZ_TARGETS_$a))
# The tool is of this machine; its tests are run with those of this machine's kind.
TOOL_TEST_FILES := $(if $(filter $(HOST_ARCH),$(ARCHS)),$(sort $(wildcard tests/tool/test_*.py tests/interop/test_*.py)))
TOOL_TEST_NEEDS += $(HOST_BUILD)/bin/skyscope $(LOADER_TEMPLATE)
# The systems and images that system tests boot; rooms add theirs.
SYSTEM_TEST_NEEDS += $(LOADER) $(HOST_BUILD)/bin/skyscope

# System tests run on both kinds of machine, but for those of what only one has.
ALL_SYSTEM_TESTS := $(sort $(wildcard tests/system/test_*.py))
X86_64_ONLY_TESTS := tests/system/test_screen.py $(filter %_x86_64.py,$(ALL_SYSTEM_TESTS))
AARCH64_ONLY_TESTS := $(filter %_aarch64.py,$(ALL_SYSTEM_TESTS))
SYSTEM_TESTS_x86_64 := $(filter-out $(AARCH64_ONLY_TESTS),$(ALL_SYSTEM_TESTS))
SYSTEM_TESTS_aarch64 := $(filter-out $(X86_64_ONLY_TESTS),$(ALL_SYSTEM_TESTS))
SYSTEM_TESTS := $(foreach a,$(ARCHS),$(SYSTEM_TESTS_$a:%=pytest-$a:%))

# KERNEL=sel4: what makes sense there, and nothing else.
ifeq ($(KERNEL),sel4)
UNIT_TESTS    := $(filter %/sel4_vcpu_test %/sel4_vtx_test %/timeouts_test %/pc_timers_test,$(UNIT_TESTS))
FUZZ_TARGETS  :=
TOOL_TEST_FILES := tests/tool/test_sel4.py tests/tool/test_run_sel4_x86_64.py
SYSTEM_TESTS  := $(patsubst %,pytest-$(ARCH):%,$(filter tests/system/test_sel4_%_$(ARCH).py \
	tests/system/test_sel4_$(ARCH).py,$(SYSTEM_TESTS_$(ARCH))))
SYSTEM_TEST_NEEDS := $(SEL4_TEST_IMAGES) $(LOADER_TEMPLATE) $(BUILD)/tests/loader_kernel.elf $(HOST_BUILD)/tests/payload_signer
endif

.PHONY: unit fuzz tool-test system-test test test-needs system-test-needs other-archs
unit: $(UNIT_TESTS)
	@tests/run.py $(TEST_FLAGS) $(UNIT_TESTS:%=unit:%)
fuzz: $(FUZZ_TARGETS)
	@tests/run.py $(TEST_FLAGS) $(FUZZ_TARGETS:%=fuzz:%)
tool-test: $(TOOL_TEST_NEEDS)
	@tests/run.py $(TEST_FLAGS) $(TOOL_TEST_FILES:%=pytest:%)
system-test-needs: $(SYSTEM_TEST_NEEDS)
system-test: other-archs
	@tests/run.py $(TEST_FLAGS) $(SYSTEM_TESTS)
test-needs: all $(UNIT_TESTS) $(FUZZ_TARGETS) $(TOOL_TEST_NEEDS) $(SYSTEM_TEST_NEEDS)
test: test-needs other-archs
	@tests/run.py $(TEST_FLAGS) $(UNIT_TESTS:%=unit:%) $(FUZZ_TARGETS:%=fuzz:%) $(TOOL_TEST_FILES:%=pytest:%) \
		$(SYSTEM_TESTS)

# What runs on the other architecture is built by another make; not at the same time,
# because they share what runs on this machine.
other-archs: system-test-needs $(if $(filter test,$(MAKECMDGOALS)),test-needs)
	@$(foreach a,$(filter-out $(ARCH),$(ARCHS)),$(MAKE) --no-print-directory SECOND_PASS=yes ARCH=$a all system-test-needs)

# Everything that is compiled, for the analysers to see.
.PHONY: lint everything
everything: all $(UNIT_TESTS) $(FUZZ_TARGETS) $(TOOL_TEST_NEEDS) $(SYSTEM_TEST_NEEDS) $(LINT_NEEDS)
lint: $(LINT_NEEDS)
	@mk/lint.py $(LINT_FLAGS)

# --- Rest ---

clean:
	rm -rf $(HOST_BUILD)

help:
	@echo "make run          boot SYSTEM (default: linux) in QEMU; the console is this terminal"
	@echo "                  SYSTEM=duo: another of systems/*; FIRMWARE=uefi: by UEFI instead of BIOS"
	@echo "                  ARCH=aarch64: an AArch64 machine instead of x86-64, here and with all targets"
	@echo "                  KERNEL=sel4 MICROKIT_SDK=DIRECTORY: seL4 instead of our kernel, here and with test"
	@echo "                  KEYS=DIRECTORY: sign with your own keys (docs/manual.md), here and with all targets"
	@echo "make all          build kernel, loader, programs and the tool"
	@echo "make iso          build build/skyscope.iso (build/aarch64/skyscope.iso) with SYSTEM"
	@echo "make test         all tests, for both architectures unless ARCH says one; or one kind:"
	@echo "                  unit, fuzz, tool-test, system-test"
	@echo "make lint         formatting and static analysis"
	@echo "make bench        speed, in instructions"
	@echo "make clean        remove build/"
	@echo "Missing Debian packages are installed after they are named (mk/setup.sh --list run test lint bench)."
