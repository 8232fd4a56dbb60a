# SPDX-License-Identifier: BSD-2-Clause
# Compilers and flags, by the kind of program. What depends on the architecture
# that is built for is in mk/arch/.

include mk/arch/$(ARCH).mk

# For the machine that runs Skyscope.
CC      := $(CROSS)gcc
AR      := $(CROSS)ar
NM      := $(CROSS)nm
OBJCOPY := $(CROSS)objcopy
# For the machine that builds it.
HOST_CC := gcc
HOST_AR := ar
CLANG   := clang

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror

# @ARCH@ is the architecture that a kind of program is compiled for: see mk/rules.mk.
INCLUDES := -Iabi/include -Iabi/arch/@ARCH@ -Ibase/include

COMMON_CFLAGS := -std=gnu11 -g -O2 -MMD -MP $(WARNINGS) -ffile-prefix-map=$(CURDIR)=. $(INCLUDES)

# No C library, no red zone surprises, no vector registers, no position independence.
FREESTANDING_CFLAGS := -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include 2>/dev/null) \
	-fno-pic -fno-pie -fno-common -fno-strict-aliasing -fno-delete-null-pointer-checks \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections

# Stack canary in a global (ARCH_CFLAGS), which each program's start-up code seeds.
CANARY_CFLAGS := -fstack-protector-strong

KERNEL_CFLAGS := $(COMMON_CFLAGS) $(FREESTANDING_CFLAGS) $(ARCH_CFLAGS) $(CANARY_CFLAGS) $(ARCH_KERNEL_CFLAGS) \
	-Ikernel/include -Ikernel/arch/@ARCH@/include
LOADER_CFLAGS := $(COMMON_CFLAGS) $(FREESTANDING_CFLAGS) $(ARCH_CFLAGS) $(CANARY_CFLAGS) $(ARCH_LOADER_CFLAGS) \
	-Iloader/include -Iloader/arch/@ARCH@/include -Icrypto/include
PD_CFLAGS := $(COMMON_CFLAGS) $(FREESTANDING_CFLAGS) $(ARCH_CFLAGS) $(CANARY_CFLAGS) $(ARCH_PD_CFLAGS) \
	-Ilibmicrokit/include -Ilibmicrokit/arch/@ARCH@/include
# Flat guests.
GUEST_CFLAGS := $(COMMON_CFLAGS) $(FREESTANDING_CFLAGS) $(ARCH_CFLAGS) $(ARCH_PD_CFLAGS)
# Guests' programs in user mode, with system calls of their own instead of a C library.
GUEST_USER_CFLAGS := -std=gnu11 -O2 $(WARNINGS) -ffreestanding -fno-stack-protector -fno-pic $(ARCH_GUEST_CFLAGS) \
	-fno-asynchronous-unwind-tables -nostdlib -static -no-pie -Wl,--build-id=none -s
HOST_CFLAGS := $(COMMON_CFLAGS) -D_GNU_SOURCE -fstack-protector-strong

# Host unit tests: the same sources under the address and undefined-behaviour sanitizers.
UNIT_CFLAGS := $(COMMON_CFLAGS) -D_GNU_SOURCE -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer

# Fuzz targets: clang's libFuzzer. gcc's warnings are checked in the other builds.
FUZZ_CFLAGS := $(filter-out $(WARNINGS),$(COMMON_CFLAGS)) -D_GNU_SOURCE -O1 \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
