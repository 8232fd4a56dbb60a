# SPDX-License-Identifier: BSD-2-Clause
# Compilers and flags, by the kind of program.

CC      := gcc
AR      := ar
OBJCOPY := objcopy
CLANG   := clang

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror

INCLUDES := -Iabi/include -Iabi/arch/$(ARCH) -Ibase/include

COMMON_CFLAGS := -std=gnu11 -g -O2 -MMD -MP $(WARNINGS) -ffile-prefix-map=$(CURDIR)=. $(INCLUDES)

# No C library, no red zone surprises, no vector registers, no position independence.
FREESTANDING_CFLAGS := -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include 2>/dev/null) \
	-fno-pic -fno-pie -fno-common -fno-strict-aliasing -fno-delete-null-pointer-checks \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -fcf-protection=none
X86_64_CFLAGS := -m64 -march=x86-64 -mno-red-zone -mgeneral-regs-only

# Stack canary in a global, which each program's start-up code seeds.
CANARY_CFLAGS := -fstack-protector-strong -mstack-protector-guard=global

KERNEL_CFLAGS := $(COMMON_CFLAGS) $(FREESTANDING_CFLAGS) $(X86_64_CFLAGS) $(CANARY_CFLAGS) \
	-mcmodel=kernel -Ikernel/include -Ikernel/arch/$(ARCH)/include
LOADER_CFLAGS := $(COMMON_CFLAGS) $(FREESTANDING_CFLAGS) $(X86_64_CFLAGS) $(CANARY_CFLAGS) \
	-mcmodel=small -Iloader/include -Iloader/arch/$(ARCH)/include -Icrypto/include
PD_CFLAGS := $(COMMON_CFLAGS) $(FREESTANDING_CFLAGS) $(X86_64_CFLAGS) $(CANARY_CFLAGS) \
	-mcmodel=small -Ilibmicrokit/include -Ilibmicrokit/arch/$(ARCH)/include
HOST_CFLAGS := $(COMMON_CFLAGS) -D_GNU_SOURCE -fstack-protector-strong

# Host unit tests: the same sources under the address and undefined-behaviour sanitizers.
UNIT_CFLAGS := $(COMMON_CFLAGS) -D_GNU_SOURCE -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer

# Fuzz targets: clang's libFuzzer. gcc's warnings are checked in the other builds.
FUZZ_CFLAGS := $(filter-out $(WARNINGS),$(COMMON_CFLAGS)) -D_GNU_SOURCE -O1 \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
