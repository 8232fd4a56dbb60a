/* SPDX-License-Identifier: BSD-2-Clause */
/* What assembly in trap_entry.S calls: exceptions and interrupts, and the way out. */
#include <arch/cpu.h>
#include <arch/cpu_features.h>
#include <arch/fpu.h>
#include <arch/gic.h>
#include <arch/interrupts.h>
#include <arch/layout.h>
#include <arch/percpu.h>
#include <arch/traps.h>
#include <arch/vcpu_host.h>
#include <kernel/arch.h>
#include <kernel/fault.h>
#include <kernel/log.h>
#include <kernel/scheduler.h>
#include <kernel/syscall.h>
#include <kernel/vcpu.h>

/* ESR_EL2.ISS of an SError, where the CPU has the RAS extension (Arm ARM D19.2.37). */
#define SERROR_IMPLEMENTATION_DEFINED (1u << 24)
#define SERROR_TYPE(iss)              ((iss) >> 10 & 7u)
#define SERROR_TYPE_RECOVERABLE       3u
#define SERROR_TYPE_CORRECTED         6u

static bool stopping;

/* Until the current thread may really go on. */
static inline __attribute__((always_inline)) void leave(struct percpu *percpu)
{
    kernel_exit(&percpu->core);
    vcpu_leave(percpu);
}

void trap_system_call_handle(struct percpu *percpu)
{
    struct cpu *cpu = &percpu->core;

    syscall_handle(cpu, cpu->current);
    leave(percpu);
}

/* As seL4 tells its threads' handlers: the syndrome is the fault status and the
 * exception's number. */
static void raise_exception(struct cpu *cpu)
{
    struct thread *thread = cpu->current;
    const struct user_frame *frame = &thread->frame;
    uint32_t class = ESR_EC(frame->esr);
    struct fault fault = {
        .label = FAULT_USER_EXCEPTION,
        .length = 5,
        .words = {frame->pc, frame->sp, frame->spsr, frame->esr, 0},
    };

    if (class == ESR_EC_DATA_LOWER || class == ESR_EC_FETCH_LOWER) {
        fault = (struct fault){
            .label = FAULT_VM,
            .length = 4,
            .words = {frame->pc, frame->far, class == ESR_EC_FETCH_LOWER ? 1 : 0, frame->esr},
        };
    }
    fault_raise(cpu, thread, &fault);
}

void trap_exception_handle(struct percpu *percpu)
{
    raise_exception(&percpu->core);
    leave(percpu);
}

void trap_interrupt_handle(struct percpu *percpu)
{
    interrupts_handle(&percpu->core);
    leave(percpu);
}

void trap_error_handle(struct percpu *percpu)
{
    struct thread *thread = percpu->core.current;
    uint32_t iss = ESR_ISS(thread->frame.esr);
    uint32_t type = SERROR_TYPE(iss);
    bool classified = cpu_features.ras && (iss & SERROR_IMPLEMENTATION_DEFINED) == 0;

    if (classified && type < SERROR_TYPE_RECOVERABLE) {
        kernel_panic("SError, syndrome 0x%llx, uncontainable, while PD %s ran: the hardware is broken",
                     (unsigned long long)thread->frame.esr, thread->pd->name);
    }
    if (!classified || type != SERROR_TYPE_CORRECTED) {
        /* Most probably of the registers of the device that it drives. */
        raise_exception(&percpu->core);
    }
    leave(percpu);
}

/* In the guard page below a stack? Its own, and the faulting access went there. */
static bool is_stack_overflow(const struct user_frame *frame, const struct percpu *percpu)
{
    uint64_t bottom = percpu->stack_top - KERNEL_STACK_PAGES * PAGE_SIZE_4K;

    return ESR_EC(frame->esr) == ESR_EC_DATA_SAME && frame->far < bottom && frame->far >= bottom - PAGE_SIZE_4K;
}

void trap_bug_handle(const struct user_frame *frame, unsigned int kind)
{
    static const char *const kinds[] = {
        [TRAP_BUG_SYNCHRONOUS] = "exception",
        [TRAP_BUG_INTERRUPT] = "interrupt",
        [TRAP_BUG_SERROR] = "SError",
    };
    const uint64_t *x = frame->x;

#define LL(value) ((unsigned long long)(value))
    kernel_panic("%s in the kernel on CPU %u%s\n"
                 "  esr 0x%llx far 0x%llx pc 0x%llx sp 0x%llx spsr 0x%llx lr 0x%llx fp 0x%llx\n"
                 "  x0 0x%llx x1 0x%llx x2 0x%llx x3 0x%llx x4 0x%llx x5 0x%llx x6 0x%llx x7 0x%llx\n"
                 "  x8 0x%llx x9 0x%llx x10 0x%llx x11 0x%llx x12 0x%llx x13 0x%llx x14 0x%llx x15 0x%llx\n"
                 "  x16 0x%llx x17 0x%llx x18 0x%llx x19 0x%llx x20 0x%llx x21 0x%llx x22 0x%llx x23 0x%llx\n"
                 "  x24 0x%llx x25 0x%llx x26 0x%llx x27 0x%llx x28 0x%llx",
                 kinds[kind], current_cpu_index(), is_stack_overflow(frame, current_percpu()) ? ": stack overflow" : "",
                 LL(frame->esr), LL(frame->far), LL(frame->pc), LL(frame->sp), LL(frame->spsr), LL(x[30]), LL(x[29]),
                 LL(x[0]), LL(x[1]), LL(x[2]), LL(x[3]), LL(x[4]), LL(x[5]), LL(x[6]), LL(x[7]), LL(x[8]), LL(x[9]),
                 LL(x[10]), LL(x[11]), LL(x[12]), LL(x[13]), LL(x[14]), LL(x[15]), LL(x[16]), LL(x[17]), LL(x[18]),
                 LL(x[19]), LL(x[20]), LL(x[21]), LL(x[22]), LL(x[23]), LL(x[24]), LL(x[25]), LL(x[26]), LL(x[27]),
                 LL(x[28]));
#undef LL
}

void arch_stop_others(void)
{
    if (!__atomic_exchange_n(&stopping, true, __ATOMIC_SEQ_CST)) {
        gic_send_to_others(GIC_SGI_STOP);
    }
}

void arch_halt(void)
{
    gic_cpu_off();
    for (;;) {
        cpu_wait_for_interrupt();
    }
}

void arch_interrupt_window(void)
{
    if (cpu_interrupt_pending() != 0) {
        interrupts_handle(current_cpu());
    }
}

void arch_idle(void)
{
    cpu_wait_for_interrupt();
    arch_interrupt_window();
}

void arch_switch_thread(struct thread *next)
{
    struct percpu *percpu = current_percpu();

    vcpu_leave(percpu);
    if (percpu->loaded_pd != next->pd) {
        percpu->loaded_pd = next->pd;
        percpu->vttbr = next->pd->address_space;
        write_sysreg(vttbr_el2, percpu->vttbr);
        if (percpu->core.ran_guest) {
            percpu->core.ran_guest = false;
            vcpu_hide();
        }
        if (cpu_features.branch_workaround != 0) {
            cpu_features_hide_branches();
        }
    }
    fpu_switch(next->fpu);
}
