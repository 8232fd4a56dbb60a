# SPDX-License-Identifier: BSD-2-Clause
# The separation kernel: build/kernel.elf.

KERNEL_PORTABLE_SOURCES := $(sort $(wildcard kernel/src/*.c))
KERNEL_ARCH_SOURCES := $(sort $(wildcard kernel/arch/$(ARCH)/*.c kernel/arch/$(ARCH)/*/*.c \
	kernel/arch/$(ARCH)/*.S kernel/arch/$(ARCH)/*/*.S))
KERNEL_SOURCES := $(KERNEL_PORTABLE_SOURCES) $(KERNEL_ARCH_SOURCES) $(BASE_SOURCES)
KERNEL_OBJECTS := $(call objects,kernel,$(KERNEL_SOURCES))
KERNEL_LINKER_SCRIPT := kernel/arch/$(ARCH)/kernel.ld

$(BUILD)/kernel.elf: $(KERNEL_OBJECTS) $(KERNEL_LINKER_SCRIPT)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,--gc-sections -Wl,--fatal-warnings -T $(KERNEL_LINKER_SCRIPT) $(KERNEL_OBJECTS) -o $@

$(KERNEL_OBJECTS): CC += $(ARCH_KERNEL_BRANCHES)

# Unit tests: the portable sources on a CPU that is a fake. In the kernel itself
# these paths come last and change nothing.
KERNEL_TEST_SOURCES := $(wildcard tests/unit/kernel/*_test.c tests/unit/kernel/fake/*.c) tests/fuzz/plan_fuzz.c
KERNEL_TESTED_ARCH_SOURCES := $(wildcard kernel/arch/*/frame.c kernel/arch/*/plan_check_arch.c kernel/arch/*/ports.c \
	kernel/arch/aarch64/page_table_build.c kernel/arch/aarch64/gic_redistributor.c \
	kernel/arch/aarch64/dma_table.c)
$(foreach source,$(KERNEL_PORTABLE_SOURCES) $(KERNEL_TEST_SOURCES) $(KERNEL_TESTED_ARCH_SOURCES),\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) += \
	-Itests/unit/kernel/fake -Ikernel/include -Ikernel/arch/@ARCH@/include))

KERNEL_PLAN_SOURCES := kernel/src/plan_check.c kernel/src/plan_check_channels.c kernel/src/plan_check_memory.c \
	kernel/arch/@ARCH@/plan_check_arch.c tests/unit/kernel/fake/plan.c tests/unit/kernel/fake/plan_@ARCH@.c
KERNEL_CORE_SOURCES := $(addprefix kernel/src/,budget.c call.c control.c fault.c irq.c ready_queue.c receive.c \
	scheduler.c signal.c syscall.c timer_queue.c vcpu_thread.c) kernel/arch/@ARCH@/frame.c kernel/arch/@ARCH@/ports.c

$(call unit_test,kernel_budget,tests/unit/kernel/budget_test.c kernel/src/budget.c)
$(call unit_test,kernel_queues,tests/unit/kernel/queues_test.c kernel/src/ready_queue.c kernel/src/timer_queue.c)
$(call unit_test,kernel_plan_check,tests/unit/kernel/plan_check_test.c $(KERNEL_PLAN_SOURCES))
$(call unit_test,kernel_core,tests/unit/kernel/core_test.c tests/unit/kernel/fake/machine.c $(KERNEL_CORE_SOURCES))
$(call unit_test,kernel_core_control,tests/unit/kernel/core_control_test.c tests/unit/kernel/fake/machine.c \
	$(KERNEL_CORE_SOURCES))
$(call unit_test,kernel_core_races,tests/unit/kernel/core_races_test.c tests/unit/kernel/fake/machine.c \
	$(KERNEL_CORE_SOURCES))
$(call unit_test,kernel_core_random,tests/unit/kernel/core_random_test.c tests/unit/kernel/fake/machine.c \
	$(KERNEL_CORE_SOURCES))
$(call fuzz_target,plan,tests/fuzz/plan_fuzz.c $(KERNEL_PLAN_SOURCES))
$(call fuzz_target_aarch64,plan,tests/fuzz/plan_fuzz.c $(KERNEL_PLAN_SOURCES))

# Pure parts of the SVM code, and the rest of it on stand-ins for the kernel.
SVM := kernel/arch/x86_64/svm
SVM_TEST_SOURCES := tests/unit/kernel/svm_check_test.c tests/unit/kernel/svm_exit_test.c \
	tests/unit/kernel/svm_enter_test.c $(SVM)/check.c $(SVM)/enter.c $(SVM)/exit.c $(SVM)/state.c $(SVM)/window.c
$(foreach source,$(SVM_TEST_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $(source))) += \
	-Ikernel/include -Ikernel/arch/x86_64/include))
$(call unit_test,kernel_svm_check,tests/unit/kernel/svm_check_test.c $(SVM)/check.c)
$(call unit_test,kernel_svm_exit,tests/unit/kernel/svm_exit_test.c $(SVM)/check.c $(SVM)/exit.c $(SVM)/state.c \
	$(SVM)/window.c)
$(call unit_test,kernel_svm_enter,tests/unit/kernel/svm_enter_test.c $(SVM)/check.c $(SVM)/enter.c $(SVM)/window.c)

# Pure parts of AArch64's kernel.
$(call unit_test_aarch64,kernel_plan_check,tests/unit/kernel/aarch64_plan_check_test.c $(KERNEL_PLAN_SOURCES))
$(call unit_test_aarch64,kernel_frame,tests/unit/kernel/aarch64_frame_test.c kernel/arch/aarch64/frame.c)
$(call unit_test_aarch64,kernel_gic,tests/unit/kernel/aarch64_gic_test.c kernel/arch/aarch64/gic_redistributor.c)
$(call unit_test_aarch64,kernel_page_table,tests/unit/kernel/aarch64_page_table_test.c \
	kernel/arch/aarch64/page_table_build.c kernel/src/pool.c)
$(call unit_test_aarch64,kernel_dma,tests/unit/kernel/aarch64_dma_test.c $(KERNEL_PLAN_SOURCES) \
	kernel/arch/aarch64/dma_table.c kernel/arch/aarch64/page_table_build.c kernel/src/pool.c)
$(call unit_test_aarch64,kernel_smmu,tests/unit/kernel/aarch64_smmu_test.c)

# Pure parts of AArch64's vCPUs.
AARCH64_VCPU := kernel/arch/aarch64/vcpu
$(call unit_test_aarch64,kernel_vcpu_decode,tests/unit/kernel/vcpu_decode_test.c $(AARCH64_VCPU)/decode.c)
