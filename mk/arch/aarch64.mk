# SPDX-License-Identifier: BSD-2-Clause
# Building for AArch64: what mk/toolchain.mk and the rooms leave to the architecture.

CROSS := aarch64-linux-gnu-

# Without alignment checks switched off a PD could rely on unaligned accesses,
# but device memory and memory before the MMU is on allow none. Atomic operations
# inline, because there is no library with outlined ones. Cortex-A53 needs a
# workaround for erratum 835769; that for 843419 is the linker's, and Debian's default.
ARCH_CFLAGS := -march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics -mbranch-protection=none \
	-mstack-protector-guard=global -mfix-cortex-a53-835769
ARCH_GUEST_CFLAGS := -mgeneral-regs-only -mbranch-protection=none -mno-outline-atomics
ARCH_KERNEL_CFLAGS := -fomit-frame-pointer
# UEFI, which the loader calls, keeps X18 for itself.
ARCH_LOADER_CFLAGS := -ffixed-x18
ARCH_PD_CFLAGS :=
ARCH_KERNEL_BRANCHES := -fno-jump-tables

# The loader as firmware, U-Boot or GRUB take it: a Linux-like Image that is a UEFI application as well.
LOADER_SUFFIX := img
