# SPDX-License-Identifier: BSD-2-Clause
# The first of two passes of the targets for people. It sees to it that the
# packages that the target needs are installed (mk/setup.sh says which, and
# why), then starts make again. Only the second pass reads the rooms' build.mk
# files, because those ask the compiler and other programs for facts. Targets
# that name files (make build/kernel.elf) are made in one pass.

needs_all         := run
needs_programs    := run
needs_iso         := run
needs_guest       := run
needs_run         := run $(if $(filter uefi,$(FIRMWARE)),uefi)
needs_unit        := run test
needs_fuzz        := run test
needs_tool-test   := run test
needs_system-test := run test
needs_test        := run test
needs_lint        := run test lint
needs_bench       := run test bench

TWO_PASS_TARGETS := all programs iso guest run unit fuzz tool-test system-test test lint bench

ifndef SECOND_PASS
requested := $(filter $(TWO_PASS_TARGETS),$(or $(MAKECMDGOALS),all))
ifneq ($(requested),)
FIRST_PASS := yes
# One child for all goals, whatever their number.
.PHONY: $(or $(MAKECMDGOALS),all) second-pass
$(or $(MAKECMDGOALS),all): second-pass ;
second-pass:
	@mk/setup.sh $(sort $(foreach goal,$(requested),$(needs_$(goal))) $(filter aarch64,$(ARCH)) \
		$(if $(filter test system-test lint,$(requested)),$(filter aarch64,$(ARCHS))) \
		$(if $(filter run test system-test,$(requested)),$(if $(filter sel4-x86_64,$(KERNEL)-$(ARCH)),vtx)))
	@$(MAKE) --no-print-directory SECOND_PASS=yes $(MAKECMDGOALS)
endif
endif
