# SPDX-License-Identifier: BSD-2-Clause
# Skyscope. `make help` lists what can be made.
#
# One make, no recursion into directories: each room contributes a build.mk that
# lists its sources and calls the rules in mk/rules.mk. Everything built goes to
# build/.

# What the machine that runs Skyscope is; and where what runs on it is built. Tools
# and tests that run on the machine that builds are in HOST_BUILD, for all ARCHs.
ARCH       ?= x86_64
HOST_ARCH  := x86_64
HOST_BUILD := build
BUILD      := $(HOST_BUILD)$(if $(filter-out x86_64,$(ARCH)),/$(ARCH))
SYSTEM     ?= linux
# What tests and lint are for: both, if it is not said. (An SDK of seL4's need not be for both.)
ARCHS := $(if $(filter sel4,$(KERNEL)),$(ARCH),$(if $(filter file,$(origin ARCH)),x86_64 aarch64,$(ARCH)))

ifeq ($(wildcard mk/arch/$(ARCH).mk),)
$(error There is no architecture '$(ARCH)'; there are: $(sort $(basename $(notdir $(wildcard mk/arch/*.mk)))))
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

include mk/setup.mk
ifndef FIRST_PASS
include mk/toolchain.mk
include mk/rules.mk
-include $(wildcard */build.mk)
include sel4/sel4.mk
include mk/targets.mk

-include $(shell find $(HOST_BUILD) -path '*/guest' -prune -o -type f -name '*.d' -print 2>/dev/null)
endif
