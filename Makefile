# SPDX-License-Identifier: BSD-2-Clause
# Skyscope. `make help` lists what can be made.
#
# One make, no recursion into directories: each room contributes a build.mk that
# lists its sources and calls the rules in mk/rules.mk. Everything built goes to
# build/.

ARCH   ?= x86_64
SYSTEM ?= linux
BUILD  := build

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

include mk/setup.mk
ifndef FIRST_PASS
include mk/toolchain.mk
include mk/rules.mk
-include $(wildcard */build.mk)
include mk/targets.mk

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
endif
