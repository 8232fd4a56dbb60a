# SPDX-License-Identifier: BSD-2-Clause
# Building for x86-64: what mk/toolchain.mk and the rooms leave to the architecture.

CROSS :=

ARCH_CFLAGS := -m64 -march=x86-64 -mno-red-zone -mgeneral-regs-only -fcf-protection=none \
	-mstack-protector-guard=global
# In guests there is no one to seed a stack canary.
ARCH_GUEST_CFLAGS := -fcf-protection=none
ARCH_KERNEL_CFLAGS := -mcmodel=kernel
ARCH_LOADER_CFLAGS := -mcmodel=small
ARCH_PD_CFLAGS := -mcmodel=small

# Indirect branches could be steered by another's predictions: none by jump
# tables, and the few that remain go by a return trampoline.
ARCH_KERNEL_BRANCHES := -fno-jump-tables -mindirect-branch=thunk-inline -mindirect-branch-register

# The loader as the firmware or GRUB takes it: an ELF file.
LOADER_SUFFIX := elf
