/* SPDX-License-Identifier: BSD-2-Clause */
/* From VMCB to vCPU page and back: exits, state groups, windows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../../kernel/arch/x86_64/svm/svm.h"

/* What the files under test need from the rest of the kernel. */
struct svm_platform svm_platform;
static int debug_loads, fpu_resets;
static uint64_t xcr0;

void svm_debug_load(struct vcpu_hardware *hardware)
{
    (void)hardware;
    debug_loads++;
}

void svm_debug_read(const struct vcpu_hardware *hardware, uint64_t dr[4])
{
    memcpy(dr, hardware->dr, sizeof(hardware->dr));
}

void svm_debug_write(struct vcpu_hardware *hardware, const uint64_t dr[4])
{
    memcpy(hardware->dr, dr, sizeof(hardware->dr));
}

void svm_debug_forget(struct vcpu_hardware *hardware)
{
    memset(hardware->dr, 0, sizeof(hardware->dr));
}

void fpu_reset(struct fpu_state *state)
{
    (void)state;
    fpu_resets++;
}

uint64_t fpu_features(void)
{
    return 7;
}

bool fpu_xcr0_valid(uint64_t value)
{
    return (value & 1) != 0 && (value & ~7ull) == 0;
}

void fpu_set_xcr0(struct fpu_state *state, uint64_t value)
{
    (void)state;
    xcr0 = value;
}

uint64_t fpu_xcr0(const struct fpu_state *state)
{
    (void)state;
    return xcr0;
}

static struct vmcb vmcb;
static struct vcpu_page page;
static struct vcpu_statistics statistics;
static struct svm_cpu cpu;
static struct vcpu_hardware hardware;
static struct vcpu vcpu;

static int setup(void **state)
{
    (void)state;
    memset(&svm_platform, 0, sizeof(svm_platform));
    svm_platform.limits = (struct svm_limits){
        .efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE, .physical_address_bits = 40, .linear_address_bits = 48};
    svm_platform.flush = TLB_CONTROL_FLUSH_ALL;
    memset(&vmcb, 0xa5, sizeof(vmcb)); /* reset leaves nothing behind */
    memset(&page, 0, sizeof(page));
    memset(&statistics, 0, sizeof(statistics));
    memset(&hardware, 0, sizeof(hardware));
    hardware.vmcb = &vmcb;
    hardware.cpu = &cpu;
    vcpu = (struct vcpu){.page = &page, .statistics = &statistics, .hardware = &hardware};
    vmcb.asid = 7;
    vmcb.nested_cr3 = 0x5000;
    svm_reset_state(&vcpu);
    vmcb.clean = CLEAN_ALL;
    return 0;
}

static enum vcpu_enter_result take(uint64_t code, uint64_t info1, uint64_t info2)
{
    vmcb.exit_code = code;
    vmcb.exit_info1 = info1;
    vmcb.exit_info2 = info2;
    return svm_handle_exit(&vcpu);
}

static void reset_state(void **state)
{
    (void)state;
    assert_int_equal(vmcb.asid, 7);
    assert_int_equal(vmcb.nested_cr3, 0x5000);
    assert_int_equal(vmcb.nested_control, 1);
    assert_int_equal(vmcb.tlb_control, TLB_CONTROL_FLUSH_ALL);
    assert_int_equal(vmcb.cs.selector, 0xf000);
    assert_int_equal(vmcb.cs.base, 0xffff0000);
    assert_int_equal(vmcb.rip, 0xfff0);
    assert_int_equal(vmcb.rflags, 2);
    assert_int_equal(vmcb.efer, EFER_SVME);
    assert_int_equal(vmcb.rax, 0);
    assert_int_equal(vmcb.lbr_control, 0);
    assert_int_equal(vmcb.event, 0);
    assert_int_equal(vmcb.virtual_interrupt, VIRTUAL_INTERRUPT_MASKING);
    assert_int_equal(xcr0, 1);
    /* What protects the host. */
    uint32_t three = INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_INIT | INTERCEPT_IOIO | INTERCEPT_MSR |
                     INTERCEPT_SHUTDOWN | INTERCEPT_INVD | INTERCEPT_HLT | INTERCEPT_INVLPGA | INTERCEPT_CPUID;
    assert_int_equal(vmcb.intercept3 & three, three);
    uint32_t four = INTERCEPT_VMRUN | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE | INTERCEPT_STGI | INTERCEPT_CLGI |
                    INTERCEPT_SKINIT | INTERCEPT_XSETBV | INTERCEPT_MWAIT | INTERCEPT_MONITOR | INTERCEPT_WBINVD;
    assert_int_equal(vmcb.intercept4 & four, four);
    uint32_t exceptions = 1u << VECTOR_DB | 1u << VECTOR_AC | 1u << VECTOR_MC;
    assert_int_equal(vmcb.intercept_exceptions & exceptions, exceptions);
    assert_int_equal(vmcb.intercept_dr_write, 0xffff);
}

static void round_trip(void **state)
{
    (void)state;
    struct vcpu_arch_state wanted;
    memset(&wanted, 0, sizeof(wanted));
    wanted.gpr[VCPU_RAX] = 0x1111;
    wanted.gpr[VCPU_RSP] = 0x2222;
    wanted.rip = 0x3333;
    wanted.rflags = 0x246;
    wanted.interrupt_shadow = 1;
    wanted.cr8 = 9;
    wanted.cr0 = 0x80050033;
    wanted.cr2 = 0x4444;
    wanted.cr3 = 0x5000;
    wanted.cr4 = 0x20;
    wanted.efer = EFER_LME | EFER_LMA | EFER_SCE;
    wanted.cpl = 3;
    struct vcpu_segment *segments[] = {&wanted.es, &wanted.cs, &wanted.ss,   &wanted.ds,   &wanted.fs,
                                       &wanted.gs, &wanted.tr, &wanted.ldtr, &wanted.gdtr, &wanted.idtr};
    for (uint16_t i = 0; i < 10; i++) {
        *segments[i] = (struct vcpu_segment){
            .selector = (uint16_t)(8 * i), .attributes = (uint16_t)(0x90 + i), .limit = i, .base = 0x1000u * i};
    }
    wanted.cs_attributes = wanted.cs.attributes;
    wanted.star = 1;
    wanted.lstar = 2;
    wanted.cstar = 3;
    wanted.sfmask = 4;
    wanted.kernel_gs_base = 5;
    wanted.sysenter_cs = 6;
    wanted.sysenter_esp = 7;
    wanted.sysenter_eip = 8;
    wanted.dr[0] = 9;
    wanted.dr[3] = 10;
    wanted.dr6 = 0xffff0ff0;
    wanted.dr7 = 0x401;
    wanted.pat = 0x0007040600070406ull;
    wanted.tsc_offset = 0xfffffffffffffff0ull;
    wanted.tsc_aux = 11;
    wanted.xcr0 = 7;
    page.state = wanted;
    svm_write_state(&vcpu, VCPU_STATE_ALL & ~VCPU_STATE_FPU);
    assert_int_equal(hardware.invalid_groups, 0);
    assert_int_equal(vmcb.efer, EFER_LME | EFER_LMA | EFER_SCE | EFER_SVME);
    assert_true(hardware.attention & SVM_DEBUG_WANTED);
    assert_int_equal(vmcb.clean & (CLEAN_CONTROL | CLEAN_SEGMENTS | CLEAN_TABLES | CLEAN_DEBUG | CLEAN_TPR | CLEAN_CR2 |
                                   CLEAN_NESTED | CLEAN_INTERCEPTS),
                     0);
    memset(&page.state, 0, sizeof(page.state));
    vcpu_read(&vcpu, VCPU_STATE_ALL);
    assert_memory_equal(&page.state, &wanted, sizeof(wanted));
    /* Unknown groups are nothing. */
    svm_write_state(&vcpu, 0xffffff00u);
    vcpu_read(&vcpu, 0xffffff00u);
    assert_int_equal(hardware.invalid_groups, 0);
}

static void bad_groups_are_remembered_and_mended(void **state)
{
    (void)state;
    vcpu_read(&vcpu, VCPU_STATE_ALL);
    uint64_t cr3 = vmcb.cr3;
    page.state.cr3 = 1ull << 63;
    page.state.xcr0 = 0x100;
    svm_write_state(&vcpu, VCPU_STATE_CONTROL | VCPU_STATE_MISC);
    assert_int_equal(hardware.invalid_groups, VCPU_STATE_CONTROL | VCPU_STATE_MISC);
    assert_int_equal(vmcb.cr3, cr3);
    assert_int_equal(xcr0, 1);
    svm_write_state(&vcpu, VCPU_STATE_BASIC);
    assert_int_equal(hardware.invalid_groups, VCPU_STATE_CONTROL | VCPU_STATE_MISC);
    page.state.cr3 = 0x1000;
    svm_write_state(&vcpu, VCPU_STATE_CONTROL);
    assert_int_equal(hardware.invalid_groups, VCPU_STATE_MISC);
    page.state.xcr0 = 3;
    svm_write_state(&vcpu, VCPU_STATE_MISC);
    assert_int_equal(hardware.invalid_groups, 0);
}

static void basic_values_are_trimmed(void **state)
{
    (void)state;
    page.state.rflags = ~0ull;
    page.state.cr8 = 0xffffffff;
    page.state.interrupt_shadow = 0xfffffffe;
    svm_write_state(&vcpu, VCPU_STATE_BASIC);
    assert_int_equal(vmcb.rflags, 0x3f7fd7);
    assert_int_equal(vmcb.virtual_interrupt, VIRTUAL_INTERRUPT_MASKING | 0xf);
    assert_int_equal(vmcb.interrupt_shadow, 0);
}

static void exit_port(void **state)
{
    (void)state;
    vmcb.rip = 0x100;
    assert_int_equal(take(SVM_EXIT_IOIO, 0x3f8ull << 16 | 1u << 4, 0x101), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_PORT_IO);
    assert_int_equal(page.exit.port_io.port, 0x3f8);
    assert_int_equal(page.exit.next_ip, 0x101);
    assert_int_equal(page.exit.instruction_length, 1);
    assert_int_equal(page.state.rip, 0x100);
    assert_int_equal(statistics.exits[VCPU_EXIT_PORT_IO], 1);
}

static void exit_memory(void **state)
{
    (void)state;
    vmcb.fetched_count = 0xff;
    assert_int_equal(take(SVM_EXIT_NPF, 1ull << 32 | 2, 0xfee00080), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_MEMORY);
    assert_int_equal(page.exit.memory.gpa, 0xfee00080);
    assert_int_equal(page.exit.memory.access, VCPU_ACCESS_WRITE);
    assert_int_equal(page.exit.memory.gva_valid, 0);
    assert_int_equal(page.exit.instruction_count, 0);
    svm_platform.decode_assists = true;
    memset(vmcb.fetched_bytes, 0x90, sizeof(vmcb.fetched_bytes));
    take(SVM_EXIT_NPF, 1ull << 32, 0xfee00080);
    assert_int_equal(page.exit.instruction_count, 15);
    assert_int_equal(page.exit.instruction[14], 0x90);
    vmcb.fetched_count = 0;
    take(SVM_EXIT_NPF, 1ull << 32, 0xfee00080);
    assert_int_equal(page.exit.instruction_count, 0);
}

static void exit_msr_and_lengths(void **state)
{
    (void)state;
    page.state.gpr[VCPU_RCX] = 0xffffffffc0000080ull;
    vmcb.rip = 0x100;
    vmcb.next_rip = 0x102;
    assert_int_equal(take(SVM_EXIT_MSR, 1, 0), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_MSR);
    assert_int_equal(page.exit.msr.index, 0xc0000080);
    assert_int_equal(page.exit.msr.write, 1);
    assert_int_equal(page.exit.instruction_length, 0); /* the processor does not save it */
    svm_platform.next_rip = true;
    take(SVM_EXIT_CPUID, 0, 0);
    assert_int_equal(page.exit.kind, VCPU_EXIT_CPUID);
    assert_int_equal(page.exit.instruction_length, 2);
    assert_int_equal(page.exit.next_ip, 0x102);
    vmcb.next_rip = 0;
    take(SVM_EXIT_CPUID, 0, 0);
    assert_int_equal(page.exit.instruction_length, 0);
}

static void exit_wants_groups(void **state)
{
    (void)state;
    vmcb.cr3 = 0x7000;
    vmcb.lstar = 0x1234;
    page.control.want = VCPU_STATE_CONTROL;
    take(SVM_EXIT_HLT, 0, 0);
    assert_int_equal(page.exit.kind, VCPU_EXIT_HALT);
    assert_int_equal(page.state.cr3, 0x7000);
    assert_int_equal(page.state.lstar, 0);
}

static void exit_host_interrupt(void **state)
{
    (void)state;
    static const uint64_t codes[] = {SVM_EXIT_INTR, SVM_EXIT_NMI, SVM_EXIT_INIT, SVM_EXIT_SMI};
    for (uint64_t i = 0; i < 4; i++) {
        vmcb.rip = i;
        assert_int_equal(take(codes[i], 0, 0), VCPU_ENTER_INTERRUPTED);
        assert_int_equal(page.state.rip, i);
    }
    assert_int_equal(statistics.host_interrupts, 4);
}

static void exit_nested_virtualisation_is_undefined(void **state)
{
    (void)state;
    static const uint64_t codes[] = {SVM_EXIT_VMRUN,   SVM_EXIT_VMLOAD, SVM_EXIT_VMSAVE,  SVM_EXIT_STGI,
                                     SVM_EXIT_CLGI,    SVM_EXIT_SKINIT, SVM_EXIT_INVLPGA, SVM_EXIT_RDPRU,
                                     SVM_EXIT_INVLPGB, SVM_EXIT_TLBSYNC};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        page.control.event = 0;
        assert_int_equal(take(codes[i], 0, 0), VCPU_ENTER_AGAIN);
        assert_int_equal(page.control.event, VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_EXCEPTION) | VECTOR_UD);
    }
}

/* In the delivery of an interrupt, which is not to be lost: what comes first is the VMM's to say. */
static void exceptions_do_not_replace_what_is_owed(void **state)
{
    (void)state;
    static const uint32_t vectors[] = {VECTOR_DB, VECTOR_AC};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        page.control.event = VCPU_EVENT_VALID | 0x30;
        assert_int_equal(take(SVM_EXIT_EXCEPTION + vectors[i], 0, 0), VCPU_ENTER_EXIT);
        assert_int_equal(page.control.event, VCPU_EVENT_VALID | 0x30);
        assert_int_equal(page.exit.kind, VCPU_EXIT_EXCEPTION);
        assert_int_equal(page.exit.exception.vector, vectors[i]);
    }
}

static void exit_exceptions_go_back_to_the_guest(void **state)
{
    (void)state;
    assert_int_equal(take(SVM_EXIT_EXCEPTION + VECTOR_DB, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(page.control.event, VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_EXCEPTION) | VECTOR_DB);
    page.control.event = 0;
    assert_int_equal(take(SVM_EXIT_EXCEPTION + VECTOR_AC, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(page.control.event,
                     VCPU_EVENT_VALID | VCPU_EVENT_ERROR_CODE | VCPU_EVENT_TYPE(VCPU_EVENT_EXCEPTION) | VECTOR_AC);
    assert_true(svm_event_valid(page.control.event));
    assert_int_equal(take(SVM_EXIT_EXCEPTION + 14, 2, 0x1234), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_EXCEPTION);
    assert_int_equal(page.exit.exception.vector, 14);
    assert_int_equal(page.exit.exception.fault_address, 0x1234);
}

static void exit_shutdown_and_invalid(void **state)
{
    (void)state;
    assert_int_equal(take(SVM_EXIT_SHUTDOWN, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_SHUTDOWN);
    uint64_t event = VCPU_EVENT_VALID | 0x30;
    vmcb.event = event;
    page.control.event = 0;
    assert_int_equal(take(SVM_EXIT_INVALID, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_BAD_STATE);
    assert_int_equal(page.control.event, event);
    /* As the manual has it, and as QEMU does. */
    page.control.event = event;
    assert_int_equal(take(0xffffffffffffffffull, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_BAD_STATE);
    assert_int_equal(take(0xffffffffull, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_BAD_STATE);
}

static void what_an_emulator_let_through_is_mended_once(void **state)
{
    (void)state;
    vmcb.dr6 |= 1ull << 40;
    vmcb.cr0 = CR0_PE | CR0_NW;
    assert_int_equal(take(SVM_EXIT_INVALID, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(vmcb.dr6 >> 32, 0);
    assert_int_equal(vmcb.cr0, CR0_PE);
    assert_int_equal(page.control.event, 0);
    /* Then #GP, and if that cannot be delivered, the VMM's turn. */
    assert_int_equal(take(SVM_EXIT_INVALID, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(page.control.event & 0xfff,
                     VCPU_EVENT_TYPE(VCPU_EVENT_EXCEPTION) | VCPU_EVENT_ERROR_CODE | VECTOR_GP);
    vmcb.event = page.control.event;
    page.control.event = 0; /* whatever another thread of the VMM does to the page */
    vmcb.clean = CLEAN_ALL;
    assert_int_equal(take(SVM_EXIT_INVALID, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(vmcb.clean, 0); /* nothing of what was refused counts as known */
    assert_int_equal(page.exit.kind, VCPU_EXIT_BAD_STATE);
    /* QEMU's TCG moves what it did not inject. */
    vmcb.exit_event = vmcb.event;
    vmcb.event = 0;
    page.control.event = 0;
    assert_int_equal(take(SVM_EXIT_INVALID, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_BAD_STATE);
    assert_int_equal(page.control.event, vmcb.exit_event);
}

static void exit_every_code_is_answered(void **state)
{
    (void)state;
    for (uint64_t code = 0; code < 0x1000; code++) {
        if (code == SVM_EXIT_EXCEPTION + VECTOR_MC) {
            continue; /* raises the host's machine check */
        }
        setup(NULL);
        enum vcpu_enter_result result = take(code, ~0ull, ~0ull);
        if (result == VCPU_ENTER_EXIT) {
            assert_in_range(page.exit.kind, 1, VCPU_EXIT_KIND_COUNT - 1);
        }
        assert_true(svm_event_valid(page.control.event));
    }
}

static void debug_registers_are_given_on_first_use(void **state)
{
    (void)state;
    debug_loads = 0;
    assert_int_equal(take(SVM_EXIT_DR_WRITE + 7, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(take(SVM_EXIT_DR_READ, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(debug_loads, 2);
}

static void window_for_interrupts(void **state)
{
    (void)state;
    svm_update_windows(&hardware, 1, false);
    assert_true(vmcb.intercept3 & INTERCEPT_VINTR);
    assert_int_equal(vmcb.virtual_interrupt,
                     VIRTUAL_INTERRUPT_MASKING | VIRTUAL_IRQ | VIRTUAL_IGNORE_TPR | VIRTUAL_INTERRUPT_PRIORITY(15));
    assert_int_equal(vmcb.clean & (CLEAN_INTERCEPTS | CLEAN_TPR), 0);
    page.control.interrupt_window = 1;
    assert_int_equal(take(SVM_EXIT_VINTR, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_INTERRUPT_WINDOW);
    assert_int_equal(page.control.interrupt_window, 0);
    assert_false(vmcb.intercept3 & INTERCEPT_VINTR);
    assert_int_equal(vmcb.virtual_interrupt, VIRTUAL_INTERRUPT_MASKING);
}

static void nmi_window_after_iret(void **state)
{
    (void)state;
    vmcb.rflags = 2;
    svm_nmi_delivered(&hardware);
    assert_true(vmcb.intercept3 & INTERCEPT_IRET);
    assert_true(hardware.attention & SVM_NMI_BLOCKED);
    assert_int_equal(take(SVM_EXIT_IRET, 0, 0), VCPU_ENTER_AGAIN);
    assert_false(vmcb.intercept3 & INTERCEPT_IRET);
    assert_true(vmcb.rflags & RFLAGS_TF);
    /* The VMM neither sees the step nor can lose it. */
    assert_false(page.state.rflags & RFLAGS_TF);
    svm_write_state(&vcpu, VCPU_STATE_BASIC);
    assert_true(vmcb.rflags & RFLAGS_TF);
    vmcb.dr6 |= 1u << 14;
    assert_int_equal(take(SVM_EXIT_EXCEPTION + VECTOR_DB, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(page.control.event, 0);
    assert_false(vmcb.rflags & RFLAGS_TF);
    assert_false(vmcb.dr6 & (1u << 14));
    assert_int_equal(hardware.attention, 0);
}

/* A processor that forgets the shadow of STI opens the window before the instruction
 * after it: that one is stepped over. */
static void forgotten_shadow_is_stepped_over(void **state)
{
    (void)state;
    page.control.interrupt_window = 1;
    svm_update_windows(&hardware, 1, false);
    vmcb.rip = 0x5000;
    vmcb.rflags = 0x202;
    vmcb.interrupt_shadow = 1;
    assert_int_equal(take(SVM_EXIT_INTR, 0, 0), VCPU_ENTER_INTERRUPTED);
    vmcb.interrupt_shadow = 0;
    assert_int_equal(take(SVM_EXIT_VINTR, 0, 0), VCPU_ENTER_AGAIN);
    assert_true((vmcb.rflags & RFLAGS_TF) != 0);
    assert_int_equal(page.state.rflags, 0x202);
    /* The window stays shut until the step is done, whatever is asked for and comes between. */
    svm_update_windows(&hardware, 1, false);
    assert_int_equal(vmcb.virtual_interrupt & VIRTUAL_IRQ, 0);
    assert_int_equal(take(SVM_EXIT_INTR, 0, 0), VCPU_ENTER_INTERRUPTED);
    assert_int_equal(page.state.interrupt_shadow, 1); /* nor does the VMM inject without asking for one */
    svm_update_windows(&hardware, 1, false);
    assert_int_equal(vmcb.virtual_interrupt & VIRTUAL_IRQ, 0);
    vmcb.rip = 0x5001;
    vmcb.interrupt_shadow = 0;
    vmcb.dr6 = 0xffff4ff0;
    assert_int_equal(take(SVM_EXIT_EXCEPTION + VECTOR_DB, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(page.control.event, 0);
    assert_int_equal(vmcb.rflags, 0x202);
    svm_update_windows(&hardware, 1, false);
    assert_true((vmcb.virtual_interrupt & VIRTUAL_IRQ) != 0);
    assert_int_equal(take(SVM_EXIT_VINTR, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_INTERRUPT_WINDOW);
}

/* Two host interrupts in a row, between which the guest did nothing. */
static void forgotten_shadow_is_shown_to_the_vmm(void **state)
{
    (void)state;
    vmcb.rip = 0x5000;
    vmcb.interrupt_shadow = 1;
    assert_int_equal(take(SVM_EXIT_INTR, 0, 0), VCPU_ENTER_INTERRUPTED);
    for (int i = 0; i < 3; i++) {
        vmcb.interrupt_shadow = 0;
        assert_int_equal(take(SVM_EXIT_INTR, 0, 0), VCPU_ENTER_INTERRUPTED);
        assert_int_equal(page.state.interrupt_shadow, 1);
    }
    /* The guest has moved on. */
    vmcb.rip = 0x5001;
    vmcb.interrupt_shadow = 0;
    assert_int_equal(take(SVM_EXIT_INTR, 0, 0), VCPU_ENTER_INTERRUPTED);
    assert_int_equal(page.state.interrupt_shadow, 0);
    vmcb.rip = 0x5000;
    assert_int_equal(take(SVM_EXIT_INTR, 0, 0), VCPU_ENTER_INTERRUPTED);
    assert_int_equal(page.state.interrupt_shadow, 0);
}

/* An instruction that leads to itself is stepped over once. */
static void step_over_a_shadow_ends(void **state)
{
    (void)state;
    vmcb.rip = 0x5000;
    vmcb.interrupt_shadow = 1;
    assert_int_equal(take(SVM_EXIT_INTR, 0, 0), VCPU_ENTER_INTERRUPTED);
    vmcb.interrupt_shadow = 0;
    assert_int_equal(take(SVM_EXIT_VINTR, 0, 0), VCPU_ENTER_AGAIN);
    vmcb.dr6 = 0xffff4ff0;
    assert_int_equal(take(SVM_EXIT_EXCEPTION + VECTOR_DB, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(take(SVM_EXIT_VINTR, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(page.exit.kind, VCPU_EXIT_INTERRUPT_WINDOW);
}

/* Without a shadow, or elsewhere, an open window is one. */
static void window_after_shadow_is_reported(void **state)
{
    (void)state;
    vmcb.rip = 0x5000;
    vmcb.interrupt_shadow = 1;
    assert_int_equal(take(SVM_EXIT_INTR, 0, 0), VCPU_ENTER_INTERRUPTED);
    vmcb.rip = 0x5001;
    vmcb.interrupt_shadow = 0;
    assert_int_equal(take(SVM_EXIT_VINTR, 0, 0), VCPU_ENTER_EXIT);
    vmcb.rip = 0x5000;
    assert_int_equal(take(SVM_EXIT_INTR, 0, 0), VCPU_ENTER_INTERRUPTED);
    assert_int_equal(take(SVM_EXIT_VINTR, 0, 0), VCPU_ENTER_EXIT);
    assert_int_equal(vmcb.rflags & RFLAGS_TF, 0);
}

/* The step over a shadow says nothing of NMIs; a cancelled step to the NMI window still waits for IRET. */
static void steps_and_nmis_keep_apart(void **state)
{
    (void)state;
    svm_nmi_delivered(&hardware);
    svm_step_shadow(&hardware);
    vmcb.dr6 = 0xffff4ff0;
    assert_int_equal(take(SVM_EXIT_EXCEPTION + VECTOR_DB, 0, 0), VCPU_ENTER_AGAIN);
    assert_true((hardware.attention & SVM_NMI_BLOCKED) != 0);
    assert_int_equal(take(SVM_EXIT_IRET, 0, 0), VCPU_ENTER_AGAIN);
    assert_true((vmcb.rflags & RFLAGS_TF) != 0);
    svm_cancel_step(&hardware);
    assert_int_equal(vmcb.rflags & RFLAGS_TF, 0);
    assert_true((hardware.attention & SVM_NMI_BLOCKED) != 0);
    assert_true((vmcb.intercept3 & INTERCEPT_IRET) != 0);
}

static void step_leaves_the_guests_own_trace_alone(void **state)
{
    (void)state;
    vmcb.rflags = 2 | RFLAGS_TF;
    svm_nmi_delivered(&hardware);
    take(SVM_EXIT_IRET, 0, 0);
    vmcb.dr6 |= 1u << 14;
    take(SVM_EXIT_EXCEPTION + VECTOR_DB, 0, 0);
    assert_int_equal(page.control.event, VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_EXCEPTION) | VECTOR_DB);
    assert_true(vmcb.dr6 & (1u << 14));
    assert_int_equal(hardware.attention, 0);
}

static void fpu_group_keeps_xcr0(void **state)
{
    (void)state;
    xcr0 = 7;
    fpu_resets = 0;
    svm_write_state(&vcpu, VCPU_STATE_FPU);
    assert_int_equal(fpu_resets, 1);
    assert_int_equal(xcr0, 7);
}

static void optional_intercepts(void **state)
{
    (void)state;
    page.state.intercepts = VCPU_INTERCEPT_PAUSE | VCPU_INTERCEPT_RDTSC;
    svm_write_state(&vcpu, VCPU_STATE_INTERCEPTS);
    assert_true(vmcb.intercept3 & INTERCEPT_PAUSE);
    assert_true(vmcb.intercept3 & INTERCEPT_RDTSC);
    assert_true(vmcb.intercept4 & INTERCEPT_RDTSCP);
    assert_false(vmcb.intercept3 & INTERCEPT_HLT);
    page.state.intercepts = 0;
    svm_write_state(&vcpu, VCPU_STATE_INTERCEPTS);
    /* None of the others can be turned off. */
    assert_true(vmcb.intercept3 & INTERCEPT_IOIO);
    assert_true(vmcb.intercept4 & INTERCEPT_VMRUN);
    assert_false(vmcb.intercept4 & INTERCEPT_RDTSCP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reset_state, setup),
        cmocka_unit_test_setup(round_trip, setup),
        cmocka_unit_test_setup(bad_groups_are_remembered_and_mended, setup),
        cmocka_unit_test_setup(basic_values_are_trimmed, setup),
        cmocka_unit_test_setup(exit_port, setup),
        cmocka_unit_test_setup(exit_memory, setup),
        cmocka_unit_test_setup(exit_msr_and_lengths, setup),
        cmocka_unit_test_setup(exit_wants_groups, setup),
        cmocka_unit_test_setup(exit_host_interrupt, setup),
        cmocka_unit_test_setup(exit_nested_virtualisation_is_undefined, setup),
        cmocka_unit_test_setup(exit_exceptions_go_back_to_the_guest, setup),
        cmocka_unit_test_setup(exceptions_do_not_replace_what_is_owed, setup),
        cmocka_unit_test_setup(exit_shutdown_and_invalid, setup),
        cmocka_unit_test_setup(what_an_emulator_let_through_is_mended_once, setup),
        cmocka_unit_test_setup(exit_every_code_is_answered, setup),
        cmocka_unit_test_setup(debug_registers_are_given_on_first_use, setup),
        cmocka_unit_test_setup(window_for_interrupts, setup),
        cmocka_unit_test_setup(nmi_window_after_iret, setup),
        cmocka_unit_test_setup(forgotten_shadow_is_stepped_over, setup),
        cmocka_unit_test_setup(forgotten_shadow_is_shown_to_the_vmm, setup),
        cmocka_unit_test_setup(step_over_a_shadow_ends, setup),
        cmocka_unit_test_setup(window_after_shadow_is_reported, setup),
        cmocka_unit_test_setup(steps_and_nmis_keep_apart, setup),
        cmocka_unit_test_setup(step_leaves_the_guests_own_trace_alone, setup),
        cmocka_unit_test_setup(fpu_group_keeps_xcr0, setup),
        cmocka_unit_test_setup(optional_intercepts, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
