/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits of a vCPU: halts, timers, system registers, exceptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arm_fixture.h"

#define UNDEFINED     (0x00ull << 26 | 1ull << 25)
#define VBAR          0xffff800008010800ull
#define EL1_RESET     0x3c5ull
#define ID_AA64PFR0   SYSREG(3, 0, 0, 4, 0)
#define ID_AA64DFR0   SYSREG(3, 0, 0, 5, 0)
#define ID_AA64ISAR0  SYSREG(3, 0, 0, 6, 0)
#define ID_AA64MMFR0  SYSREG(3, 0, 0, 7, 0)
#define CNTPCT_EL0    SYSREG(3, 3, 14, 0, 1)
#define CNTP_TVAL_EL0 SYSREG(3, 3, 14, 2, 0)
#define CNTP_CTL_EL0  SYSREG(3, 3, 14, 2, 1)
#define CNTP_CVAL_EL0 SYSREG(3, 3, 14, 2, 2)
#define TIMER_BIT     (1u << GUEST_PPI_VIRTUAL_TIMER)

static struct arm_fixture fixture;

static int set_up(void **state)
{
    fixture_start(&fixture, 3, 1);
    fixture.pages[0].state.vbar_el1 = VBAR;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_destroy(*state);
    return 0;
}

static struct vcpu_context *vcpu(struct arm_fixture *f)
{
    return &f->vm->vcpus[0];
}

/* --- Reset --- */

static void power_on_state(void **state)
{
    struct arm_fixture *f = *state;
    const struct vcpu_arch_state *s = &f->pages[0].state;
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
    assert_int_equal(s->pc, FIXTURE_CODE);
    assert_int_equal(s->pstate, EL1_RESET);
    assert_int_equal(s->sctlr_el1 & (SCTLR_M | 1ull << 2 | 1ull << 12), 0); /* MMU and caches off */
    assert_int_equal(s->vmpidr, 0x80000000u);
    assert_int_equal(s->vpidr, FIXTURE_MIDR);
    assert_int_equal(s->cntvoff, 1000000);
    assert_int_equal(s->traps, VCPU_TRAP_WFI | VCPU_TRAP_CACHE_SETS);
    assert_int_equal(s->gic.list_count, FIXTURE_LISTS);
    assert_true(fake_hv.on[0]);
}

/* --- Halts --- */

static void halt(struct arm_fixture *f)
{
    fixture_exit(f, 0, VCPU_EXIT_HALT);
    fixture_handle(f, 0);
}

static void wfi_sleeps_behind_the_instruction(void **state)
{
    struct arm_fixture *f = *state;
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_false(fake_hv.on[0]);
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4);
    assert_int_equal(f->pages[0].control.deadline, 0);
    assert_false(f->vm->arch.gic.vcpus[0].in_guest); /* others may look at its interrupts */
}

static void virtual_timer_ends_a_sleep(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gic.private_enabled = TIMER_BIT;
    s->cntv_ctl = TIMER_ENABLE;
    s->cntv_cval = 500;
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_int_equal(f->pages[0].control.deadline, s->cntvoff + 500);
    fake_hv.now = s->cntvoff + 499;
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    fake_hv.now = s->cntvoff + 500;
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
    assert_true(fake_hv.on[0]);
    assert_int_equal(f->pages[0].control.deadline, 0);
}

static void due_timer_lets_nobody_sleep(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gic.private_enabled = TIMER_BIT;
    s->cntv_ctl = TIMER_ENABLE;
    s->cntv_cval = 0;
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
}

static void masked_timer_wakes_nobody(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gic.private_enabled = TIMER_BIT;
    s->cntv_ctl = TIMER_ENABLE | TIMER_IMASK;
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_int_equal(f->pages[0].control.deadline, 0);
}

/* Not enabled in the GIC: pending there, but no reason to wake. */
static void timer_disabled_in_the_gic(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->cntv_ctl = TIMER_ENABLE;
    s->cntv_cval = 0;
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_true(vcpu(f)->arch.timer_line);
}

static void timer_never(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gic.private_enabled = TIMER_BIT;
    s->cntv_ctl = TIMER_ENABLE;
    s->cntv_cval = UINT64_MAX; /* plus the offset: beyond the clock's end */
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_int_equal(f->pages[0].control.deadline, 0);
}

static void interrupt_sent_by_the_kernel_ends_a_sleep(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gic.private_enabled = 1u << 3;
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    s->gic.private_pending = 1u << 4; /* not enabled */
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    s->gic.private_pending = 1u << 3;
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
}

static void other_wakers_disarm_the_timer(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gic.private_enabled = TIMER_BIT | 2;
    s->cntv_ctl = TIMER_ENABLE;
    s->cntv_cval = 500;
    halt(f);
    assert_int_not_equal(f->pages[0].control.deadline, 0);
    s->gic.private_pending = 2;
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
    assert_int_equal(f->pages[0].control.deadline, 0);
}

static void enable_spi(struct arm_fixture *f, uint32_t line)
{
    uint32_t intid = 32 + line;
    fixture_store(f, 0, GUEST_GICD_BASE, 4, 0x12);                                        /* ARE, group 1 */
    fixture_store(f, 0, GUEST_GICD_BASE + 0x80 + intid / 32 * 4, 4, 0xffffffff);          /* IGROUPR */
    fixture_store(f, 0, GUEST_GICD_BASE + 0x400 + intid, 1, 0xa0);                        /* IPRIORITYR */
    fixture_store(f, 0, GUEST_GICD_BASE + 0x100 + intid / 32 * 4, 4, 1u << (intid % 32)); /* ISENABLER */
}

/* The kernel shows the CPU interface's priority mask and enables with each exit. */
static void open_interface(struct arm_fixture *f)
{
    f->pages[0].state.gic.vmcr = 0xf8000002u; /* VPMR, VENG1 */
}

static void device_interrupt_ends_a_sleep(void **state)
{
    struct arm_fixture *f = *state;
    enable_spi(f, GUEST_UART_SPI);
    open_interface(f);
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    irq_set_line(&f->vm->irq, GUEST_UART_SPI, true);
    assert_true(fake_hv.kicks[0] > 0);
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
    bool listed = false;
    for (uint32_t i = 0; i < FIXTURE_LISTS; i++) {
        uint64_t list = f->pages[0].state.gic.list[i];
        listed |= (list >> 62) == 1 && (uint32_t)list == 32 + GUEST_UART_SPI;
    }
    assert_true(listed);
}

/* An interrupt whose handler halts is no reason to wake: what the list registers hold is looked at. */
static void active_interrupt_wakes_nobody(void **state)
{
    struct arm_fixture *f = *state;
    enable_spi(f, GUEST_UART_SPI);
    open_interface(f);
    irq_set_line(&f->vm->irq, GUEST_UART_SPI, true);
    fixture_exit(f, 0, VCPU_EXIT_NONE);
    fixture_handle(f, 0);
    uint64_t *list = &f->pages[0].state.gic.list[0];
    assert_int_equal(*list >> 62, 1);
    *list ^= 3ull << 62; /* acknowledged */
    f->pages[0].state.gic.active_priorities = 1u << (0xa0 >> 3);
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
}

static void timer_exit_raises_the_line_and_its_end_lowers_it(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->cntv_ctl = TIMER_ENABLE;
    s->cntv_cval = 0;
    fixture_exit(f, 0, VCPU_EXIT_TIMER);
    fixture_handle(f, 0);
    assert_true(vcpu(f)->arch.timer_line);
    assert_int_equal(f->vm->arch.gic.vcpus[0].bank.level, TIMER_BIT);
    s->cntv_ctl = 0;
    vmm_handle_event(vcpu(f)); /* the page is of the exit before: no news of the timer */
    assert_true(vcpu(f)->arch.timer_line);
    fixture_exit(f, 0, VCPU_EXIT_NONE);
    fixture_handle(f, 0);
    assert_false(vcpu(f)->arch.timer_line);
}

static void timer_line_goes_down_once_the_kernel_delivers(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->cntv_ctl = TIMER_ENABLE;
    s->cntv_cval = 0;
    fixture_exit(f, 0, VCPU_EXIT_TIMER);
    fixture_handle(f, 0);
    assert_true(vcpu(f)->arch.timer_line);
    s->gic.private_enabled = TIMER_BIT;
    fixture_exit(f, 0, VCPU_EXIT_NONE);
    fixture_handle(f, 0);
    assert_false(vcpu(f)->arch.timer_line);
}

static void pause_goes_on(void **state)
{
    struct arm_fixture *f = *state;
    fixture_exit(f, 0, VCPU_EXIT_PAUSE);
    fixture_handle(f, 0);
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4);
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
}

/* --- Identification --- */

static void id_registers_are_of_the_host_less_what_is_hidden(void **state)
{
    struct arm_fixture *f = *state;
    /* All fields 1, but AArch32 at all exception levels: it is there at EL0 only. */
    uint64_t pfr0 = fixture_mrs(f, ID_AA64PFR0, 0x1111111111112222ull);
    assert_int_equal(pfr0, 0x1101000101110012ull);
    assert_int_equal(fixture_mrs(f, ID_AA64DFR0, 0x1111111111111119ull), 0x000000f000101006ull);
    assert_int_equal(fixture_mrs(f, ID_AA64MMFR0, 0x0000000000101126ull), 0x0000000000100022ull);
    /* Known fields of ISAR0; more than this VMM knows of is cut. */
    assert_int_equal(fixture_mrs(f, ID_AA64ISAR0, UINT64_MAX), 0x1221111110212120ull);
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 16);
}

static void id_registers_stay_the_same(void **state)
{
    struct arm_fixture *f = *state;
    uint64_t first = fixture_mrs(f, ID_AA64ISAR0, 0x0000000000011120ull);
    assert_int_equal(first, 0x0000000000011120ull);
    assert_int_equal(fixture_mrs(f, ID_AA64ISAR0, 0), first); /* on another CPU */
}

static void floating_point_may_be_missing(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(fixture_mrs(f, ID_AA64PFR0, 0x00000000ffff0011ull) >> 16 & 0xff, 0xff);
}

static void gic_field_is_of_the_guest(void **state)
{
    struct arm_fixture *f = *state;
    f->vm->arch.id.gic_version = 2;
    assert_int_equal(fixture_mrs(f, ID_AA64PFR0, 0x01000011) >> 24 & 15, 0);
}

static void id_registers_of_aarch32(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 1, 0), 0xf1f10131ull), 0x01010131ull); /* ID_PFR0: no RAS, AMU */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 1, 1), 0x11111111ull), 0x00010001ull); /* ID_PFR1 */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 1, 2), 0x03010066ull), 6);             /* ID_DFR0: no PMU */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 2, 5), 0x00011121ull), 0x00011121ull); /* ID_ISAR5 */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 3, 0), 0x10110222ull), 0x10110222ull); /* MVFR0 */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 3, 4), 0xff), 0x11);                   /* ID_PFR2 */
}

static void all_other_id_registers_are_zero(void **state)
{
    struct arm_fixture *f = *state;
    for (uint32_t crm = 1; crm <= 7; crm++) {
        for (uint32_t op2 = 0; op2 < 8; op2++) {
            bool known = (crm == 1 && op2 != 3) || crm == 2 || (crm == 3 && op2 <= 2) ||
                         (crm == 3 && (op2 == 4 || op2 == 6)) || (crm == 4 && (op2 == 0 || op2 == 1 || op2 == 4)) ||
                         (crm == 5 && op2 == 0) || (crm == 6 && op2 <= 2) || (crm == 7 && op2 <= 2);
            if (!known) {
                assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, crm, op2), UINT64_MAX), 0);
            }
        }
    }
}

static void id_registers_cannot_be_written(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, ID_AA64PFR0, 1);
    assert_true(fixture_took(f, UNDEFINED));
}

/* --- Other system registers --- */

static void unknown_registers_are_undefined(void **state)
{
    struct arm_fixture *f = *state;
    static const uint32_t unknown[] = {
        SYSREG(3, 3, 9, 12, 0),  /* PMCR_EL0 */
        SYSREG(3, 0, 9, 14, 1),  /* PMINTENSET_EL1 */
        SYSREG(3, 0, 10, 4, 0),  /* LORSA_EL1 */
        SYSREG(3, 0, 10, 4, 7),  /* LORID_EL1 */
        SYSREG(3, 0, 5, 3, 0),   /* ERRIDR_EL1 */
        SYSREG(3, 0, 2, 1, 0),   /* APIAKeyLo_EL1 */
        SYSREG(3, 0, 15, 1, 0),  /* implementation-defined */
        SYSREG(2, 1, 0, 0, 1),   /* trace */
        SYSREG(2, 0, 0, 2, 4),   /* a third breakpoint */
        SYSREG(3, 0, 12, 11, 1), /* ICC_DIR_EL1 */
        SYSREG(1, 0, 7, 8, 0),   /* AT S1E1R */
    };
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        fixture_mrs(f, unknown[i], 0);
        assert_true(fixture_took(f, UNDEFINED));
        fixture_msr(f, unknown[i], 0);
        assert_true(fixture_took(f, UNDEFINED));
    }
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE);
    assert_non_null(strstr(fixture_log(f), "S3_3_C9_C12_0"));
    assert_int_equal(f->vm->guest_errors, 2 * sizeof(unknown) / sizeof(unknown[0]));
}

static void debug_registers(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, SYSREG(2, 0, 0, 1, 7), 0xffff); /* DBGWCR1_EL1 */
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 0, 1, 7), 0), 0);
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 1, 1, 4), 0), 8); /* OSLSR_EL1 */
    fixture_msr(f, SYSREG(2, 0, 1, 0, 4), 1);                      /* OSLAR_EL1 */
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 1, 1, 4), 0), 10);
    fixture_msr(f, SYSREG(2, 0, 1, 0, 4), 0);
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 1, 1, 4), 0), 8);
    fixture_msr(f, SYSREG(2, 0, 0, 2, 2), ~0ull); /* MDSCR_EL1 */
    assert_int_equal(f->pages[0].control.dirty & VCPU_STATE_DEBUG, VCPU_STATE_DEBUG);
    assert_int_equal(f->pages[0].state.mdscr_el1, 0xb001);
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 0, 2, 2), 0), 0xb001);
    assert_int_equal(f->vm->guest_errors, 0);
    fixture_mrs(f, SYSREG(2, 0, 1, 0, 4), 0); /* OSLAR_EL1 is write-only */
    assert_true(fixture_took(f, UNDEFINED));
    fixture_msr(f, SYSREG(2, 0, 1, 1, 4), 0);
    assert_true(fixture_took(f, UNDEFINED));
}

static void caches_by_set_trap_once(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, SYSREG(1, 0, 7, 14, 2), 0); /* DC CISW */
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE);
    assert_int_equal(f->pages[0].state.traps, VCPU_TRAP_WFI);
    assert_int_equal(f->pages[0].control.dirty, VCPU_STATE_TRAPS);
}

static void cache_geometry_is_hidden(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(fixture_mrs(f, SYSREG(3, 1, 0, 0, 1), 0), 0); /* CLIDR_EL1 */
    fixture_msr(f, SYSREG(3, 2, 0, 0, 0), 0xffff);                 /* CSSELR_EL1 */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 2, 0, 0, 0), 0), 0x1f);
    assert_int_equal(f->vm->guest_errors, 0);
}

static void zero_register(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register = (struct vcpu_exit_system_register){.encoding = CNTP_CVAL_EL0, .write = 1, .gpr = 31};
    vcpu(f)->arch.physical_compare = 77;
    fixture_handle(f, 0);
    assert_int_equal(vcpu(f)->arch.physical_compare, 0);
    page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register = (struct vcpu_exit_system_register){.encoding = CNTPCT_EL0, .gpr = 31};
    fixture_handle(f, 0);
    assert_int_equal(page->state.pc, FIXTURE_CODE + 8);
}

static void el0_reaches_only_its_own(void **state)
{
    struct arm_fixture *f = *state;
    f->pages[0].state.pstate = PSTATE_EL0;
    fixture_mrs(f, ID_AA64PFR0, 1);
    assert_true(fixture_took(f, UNDEFINED));
    assert_int_equal(fixture_mrs(f, CNTPCT_EL0, 0), 1000000);
}

/* --- The physical timer --- */

static void physical_counter_is_the_hosts(void **state)
{
    struct arm_fixture *f = *state;
    fake_hv.now = 0x123456789ull;
    assert_int_equal(fixture_mrs(f, CNTPCT_EL0, 0), 0x123456789ull);
    fixture_msr(f, CNTPCT_EL0, 0);
    assert_true(fixture_took(f, UNDEFINED));
}

static bool physical_line(struct arm_fixture *f)
{
    return (f->vm->arch.gic.vcpus[0].bank.level >> GUEST_PPI_PHYSICAL_TIMER & 1u) != 0;
}

static void physical_timer_fires(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, CNTP_TVAL_EL0, 1000);
    assert_int_equal(fixture_mrs(f, CNTP_CVAL_EL0, 0), 1001000);
    assert_int_equal(f->pages[0].control.deadline, 0);
    fixture_msr(f, CNTP_CTL_EL0, TIMER_ENABLE);
    assert_int_equal(f->pages[0].control.deadline, 1001000);
    assert_false(physical_line(f));
    fake_hv.now = 1001000;
    vmm_handle_event(vcpu(f));
    assert_true(physical_line(f));
    assert_int_equal(fixture_mrs(f, CNTP_CTL_EL0, 0), TIMER_ENABLE | TIMER_STATUS);
    fixture_msr(f, CNTP_CTL_EL0, TIMER_ENABLE | TIMER_IMASK);
    assert_false(physical_line(f));
    assert_int_equal(fixture_mrs(f, CNTP_CTL_EL0, 0), TIMER_ENABLE | TIMER_IMASK | TIMER_STATUS);
    fixture_msr(f, CNTP_CTL_EL0, TIMER_ENABLE);
    assert_true(physical_line(f));
    fixture_msr(f, CNTP_CVAL_EL0, 2000000);
    assert_false(physical_line(f));
    assert_int_equal(f->pages[0].control.deadline, 2000000);
}

static void physical_timer_value_is_signed(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, CNTP_TVAL_EL0, 0xffffffff); /* -1: already over */
    assert_int_equal(fixture_mrs(f, CNTP_CVAL_EL0, 0), 999999);
    assert_int_equal(fixture_mrs(f, CNTP_TVAL_EL0, 0), 0xffffffffu);
    fixture_msr(f, CNTP_CTL_EL0, TIMER_ENABLE);
    assert_true(physical_line(f));
}

/* --- SGIs --- */

static void sgi_register_reaches_the_gic(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, SYSREG(3, 0, 12, 11, 5), 5ull << 24 | 1); /* SGI 5 to Aff0 0 */
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4);
    assert_int_equal(f->vm->guest_errors, 0);
    fixture_mrs(f, SYSREG(3, 0, 12, 11, 5), 0); /* write-only */
    assert_true(fixture_took(f, UNDEFINED));
    f->vm->arch.gic.config.version = 2;
    fixture_msr(f, SYSREG(3, 0, 12, 11, 5), 0);
    assert_true(fixture_took(f, UNDEFINED));
    f->vm->arch.gic.config.version = 3;
}

/* --- Exceptions --- */

static void undefined_from_everywhere(void **state)
{
    struct arm_fixture *f = *state;
    static const struct {
        uint64_t pstate, offset, after;
    } cases[] = {
        {EL1_RESET, 0x200, EL1_RESET},
        {PSTATE_EL1T | 0x80000000ull, 0x000, EL1_RESET | 0x80000000ull},
        {PSTATE_EL0 | PSTATE_UAO | PSTATE_DIT | PSTATE_SS | PSTATE_IL | PSTATE_BTYPE | PSTATE_SSBS, 0x400,
         EL1_RESET | PSTATE_DIT},
        {0x10 | 0x20 | PSTATE_DIT, 0x600, EL1_RESET},
    };
    struct vcpu_arch_state *s = &f->pages[0].state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s->pstate = cases[i].pstate;
        s->sctlr_el1 = SCTLR_SPAN;
        s->pc = FIXTURE_CODE;
        fixture_exit(f, 0, VCPU_EXIT_EXCEPTION);
        fixture_handle(f, 0);
        assert_int_equal(s->pc, VBAR + cases[i].offset);
        assert_int_equal(s->pstate, cases[i].after);
        assert_int_equal(s->elr_el1, FIXTURE_CODE);
        assert_int_equal(s->spsr_el1, cases[i].pstate);
        assert_int_equal(s->esr_el1, UNDEFINED);
        assert_int_equal(f->pages[0].control.dirty & VCPU_STATE_EL1, VCPU_STATE_EL1);
    }
}

static void exception_obeys_sctlr(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->sctlr_el1 = SCTLR_DSSBS; /* SPAN is zero: PAN gets set */
    fixture_exit(f, 0, VCPU_EXIT_INSTRUCTION);
    fixture_handle(f, 0);
    assert_int_equal(s->pstate, EL1_RESET | PSTATE_PAN | PSTATE_SSBS);
}

static void raise(struct arm_fixture *f, uint32_t vector, uint32_t iss)
{
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_EXCEPTION);
    page->exit.exception = (struct vcpu_exit_exception){.vector = vector, .error_code = iss, .fault_address = 0x123456};
    fixture_handle(f, 0);
}

static void aborts_of_the_hardware_are_the_guests(void **state)
{
    struct arm_fixture *f = *state;
    raise(f, 0x24, 1u << 24 | 1u << 6 | 0x35); /* an atomic where there are none */
    assert_int_equal(f->pages[0].state.far_el1, 0x123456);
    assert_true(fixture_took(f, 0x25ull << 26 | 1ull << 25 | 1u << 6 | 0x35));
    raise(f, 0x20, 1u << 10 | 0x10);
    assert_int_equal(f->pages[0].state.far_el1, 0);
    assert_true(fixture_took(f, 0x21ull << 26 | 1ull << 25 | 1u << 10 | 0x10));
    raise(f, 0x19, 0); /* SVE */
    assert_true(fixture_took(f, UNDEFINED));
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
}

static void system_errors_stop_the_vm(void **state)
{
    struct arm_fixture *f = *state;
    raise(f, 0x2f, 0x11);
    assert_int_equal(f->vm->state, VM_STATE_STOPPED);
    assert_non_null(strstr(f->control->status.reason, "SError"));
}

static void kernel_that_refuses_stops_the_vm(void **state)
{
    struct arm_fixture *f = *state;
    fake_hv.refuse_read = true;
    fixture_exit(f, 0, VCPU_EXIT_EXCEPTION);
    fixture_handle(f, 0);
    assert_int_equal(f->vm->state, VM_STATE_STOPPED);
    assert_non_null(strstr(f->control->status.reason, "refuses to read"));
}

static void el1_state_is_read_once_per_exit(void **state)
{
    struct arm_fixture *f = *state;
    fake_hv.reads = 0;
    fixture_exit(f, 0, VCPU_EXIT_EXCEPTION);
    fixture_handle(f, 0);
    assert_int_equal(fake_hv.reads, 1);
    fixture_mrs(f, CNTPCT_EL0, 0); /* needs nothing more */
    assert_int_equal(fake_hv.reads, 1);
}

static void bad_state_and_unknown_exits_stop_the_vm(void **state)
{
    static const uint32_t kinds[] = {VCPU_EXIT_BAD_STATE, VCPU_EXIT_PORT_IO, VCPU_EXIT_CPUID, VCPU_EXIT_KIND_COUNT,
                                     0xffffffff};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct arm_fixture *f = *state;
        fixture_exit(f, 0, kinds[i]);
        fixture_handle(f, 0);
        assert_int_equal(f->vm->state, VM_STATE_STOPPED);
        tear_down(state);
        set_up(state);
    }
}

static void big_registers_numbers_are_zero(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register = (struct vcpu_exit_system_register){.encoding = CNTP_CVAL_EL0, .gpr = 0xff};
    fixture_handle(f, 0);
    page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register = (struct vcpu_exit_system_register){.encoding = 0xffffffff, .write = 0xff, .gpr = 0xff};
    fixture_handle(f, 0);
    assert_true(fixture_took(f, UNDEFINED));
}

static void single_steps_and_branch_types_end_with_the_instruction(void **state)
{
    struct arm_fixture *f = *state;
    f->pages[0].state.pstate = EL1_RESET | PSTATE_SS | PSTATE_BTYPE;
    fixture_mrs(f, CNTPCT_EL0, 0);
    assert_int_equal(f->pages[0].state.pstate, EL1_RESET);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(power_on_state),
        TEST(wfi_sleeps_behind_the_instruction),
        TEST(virtual_timer_ends_a_sleep),
        TEST(due_timer_lets_nobody_sleep),
        TEST(masked_timer_wakes_nobody),
        TEST(timer_disabled_in_the_gic),
        TEST(timer_never),
        TEST(interrupt_sent_by_the_kernel_ends_a_sleep),
        TEST(other_wakers_disarm_the_timer),
        TEST(device_interrupt_ends_a_sleep),
        TEST(active_interrupt_wakes_nobody),
        TEST(timer_exit_raises_the_line_and_its_end_lowers_it),
        TEST(timer_line_goes_down_once_the_kernel_delivers),
        TEST(pause_goes_on),
        TEST(id_registers_are_of_the_host_less_what_is_hidden),
        TEST(id_registers_stay_the_same),
        TEST(floating_point_may_be_missing),
        TEST(gic_field_is_of_the_guest),
        TEST(id_registers_of_aarch32),
        TEST(all_other_id_registers_are_zero),
        TEST(id_registers_cannot_be_written),
        TEST(unknown_registers_are_undefined),
        TEST(debug_registers),
        TEST(caches_by_set_trap_once),
        TEST(cache_geometry_is_hidden),
        TEST(zero_register),
        TEST(el0_reaches_only_its_own),
        TEST(physical_counter_is_the_hosts),
        TEST(physical_timer_fires),
        TEST(physical_timer_value_is_signed),
        TEST(sgi_register_reaches_the_gic),
        TEST(undefined_from_everywhere),
        TEST(exception_obeys_sctlr),
        TEST(aborts_of_the_hardware_are_the_guests),
        TEST(system_errors_stop_the_vm),
        TEST(kernel_that_refuses_stops_the_vm),
        TEST(el1_state_is_read_once_per_exit),
        TEST(bad_state_and_unknown_exits_stop_the_vm),
        TEST(big_registers_numbers_are_zero),
        TEST(single_steps_and_branch_types_end_with_the_instruction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
