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

run: $(ISO)
	@mk/run.sh $(ISO)

# --- Tests ---

TEST_FLAGS ?=
UNIT_TESTS   := $(UNIT_TESTS_$(ARCH))
FUZZ_TARGETS := $(FUZZ_TARGETS_$(ARCH))
TOOL_TEST_FILES   := $(sort $(wildcard tests/tool/test_*.py tests/interop/test_*.py))
SYSTEM_TEST_FILES := $(sort $(wildcard tests/system/test_*.py))
TOOL_TEST_NEEDS   += $(HOST_BUILD)/bin/skyscope $(LOADER_TEMPLATE)
# The systems and images that system tests boot; rooms add theirs.
SYSTEM_TEST_NEEDS += $(LOADER) $(HOST_BUILD)/bin/skyscope

.PHONY: unit fuzz tool-test system-test test
unit: $(UNIT_TESTS)
	@tests/run.py $(TEST_FLAGS) $(UNIT_TESTS:%=unit:%)
fuzz: $(FUZZ_TARGETS)
	@tests/run.py $(TEST_FLAGS) $(FUZZ_TARGETS:%=fuzz:%)
tool-test: $(TOOL_TEST_NEEDS)
	@tests/run.py $(TEST_FLAGS) $(TOOL_TEST_FILES:%=pytest:%)
system-test: $(SYSTEM_TEST_NEEDS)
	@tests/run.py $(TEST_FLAGS) $(SYSTEM_TEST_FILES:%=pytest:%)
test: all $(UNIT_TESTS) $(FUZZ_TARGETS) $(TOOL_TEST_NEEDS) $(SYSTEM_TEST_NEEDS)
	@tests/run.py $(TEST_FLAGS) $(UNIT_TESTS:%=unit:%) $(FUZZ_TARGETS:%=fuzz:%) \
		$(TOOL_TEST_FILES:%=pytest:%) $(SYSTEM_TEST_FILES:%=pytest:%)

# Everything that is compiled, for the analysers to see.
.PHONY: lint everything
everything: all $(UNIT_TESTS) $(FUZZ_TARGETS) $(TOOL_TEST_NEEDS) $(SYSTEM_TEST_NEEDS) $(LINT_NEEDS)
lint: $(LINT_NEEDS)
	@mk/lint.py $(LINT_FLAGS)

# --- Rest ---

clean:
	rm -rf $(BUILD)

help:
	@echo "make run          boot SYSTEM (default: linux) in QEMU; the console is this terminal"
	@echo "                  SYSTEM=duo: another of systems/*; FIRMWARE=uefi: by UEFI instead of BIOS"
	@echo "                  KEYS=DIRECTORY: sign with your own keys (docs/manual.md), here and with all targets"
	@echo "make all          build kernel, loader, programs and the tool"
	@echo "make iso          build build/skyscope.iso with SYSTEM"
	@echo "make test         all tests; or one kind: unit, fuzz, tool-test, system-test"
	@echo "make lint         formatting and static analysis"
	@echo "make bench        speed, in instructions"
	@echo "make clean        remove build/"
	@echo "Missing Debian packages are installed after they are named (mk/setup.sh --list run test lint bench)."
