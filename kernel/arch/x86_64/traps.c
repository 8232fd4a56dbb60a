/* SPDX-License-Identifier: BSD-2-Clause */
/* What assembly in trap_entry.S calls: exceptions and interrupts, and the way out. */
#include <arch/cpu.h>
#include <arch/cpu_features.h>
#include <arch/descriptor_tables.h>
#include <arch/interrupts.h>
#include <arch/lapic.h>
#include <arch/machine_check.h>
#include <arch/msr.h>
#include <arch/percpu.h>
#include <arch/traps.h>
#include <kernel/arch.h>
#include <kernel/fault.h>
#include <kernel/fpu.h>
#include <kernel/log.h>
#include <kernel/scheduler.h>
#include <kernel/syscall.h>
#include <kernel/vcpu.h>

#define VECTOR_DEBUG         1u
#define VECTOR_NMI           2u
#define VECTOR_DOUBLE_FAULT  8u
#define VECTOR_PAGE_FAULT    14u
#define VECTOR_MACHINE_CHECK 18u
#define EXCEPTIONS           32u

#define PAGE_FAULT_FETCH (1u << 4)

static bool stopping;

__attribute__((noinline, cold)) static void raise_memory_fault(struct cpu *cpu, uint64_t address, bool fetch,
                                                               uint64_t code)
{
    struct thread *thread = cpu->current;
    struct fault fault = {
        .label = FAULT_VM,
        .length = 4,
        .words = {thread->frame.rip, address, fetch ? 1 : 0, code},
    };
    fault_raise(cpu, thread, &fault);
}

static void exception_from_user(struct cpu *cpu)
{
    struct thread *thread = cpu->current;
    const struct user_frame *frame = &thread->frame;

    if (frame->vector == VECTOR_PAGE_FAULT) {
        raise_memory_fault(cpu, read_cr2(), (frame->error_code & PAGE_FAULT_FETCH) != 0, frame->error_code);
        return;
    }
    struct fault fault = {
        .label = FAULT_USER_EXCEPTION,
        .length = 5,
        .words = {frame->rip, frame->rsp, frame->rflags, frame->vector, frame->error_code},
    };
    fault_raise(cpu, thread, &fault);
}

/* Until the current thread may really go on. */
static void leave(struct cpu *cpu)
{
    for (;;) {
        kernel_exit(cpu);
        if (__builtin_expect(frame_address_valid(cpu->current->frame.rip), 1)) {
            return;
        }
        /* Some CPUs take a jump to such an address before they fault, and IRET to it
         * would fault in the kernel: the thread faults here instead. */
        raise_memory_fault(cpu, cpu->current->frame.rip, true, PAGE_FAULT_FETCH);
    }
}

void trap_system_call_handle(struct percpu *percpu)
{
    struct cpu *cpu = &percpu->core;

    syscall_handle(cpu, cpu->current);
    leave(cpu);
}

void trap_from_user_handle(struct percpu *percpu)
{
    struct cpu *cpu = &percpu->core;
    uint64_t vector = cpu->current->frame.vector;

    if (vector < EXCEPTIONS) {
        exception_from_user(cpu);
    } else {
        interrupt_handle(cpu, (uint32_t)vector);
    }
    leave(cpu);
}

__attribute__((noreturn)) static void kernel_exception(const struct user_frame *frame)
{
    kernel_panic("exception %llu (code 0x%llx) in the kernel on CPU %u\n"
                 "  rip 0x%llx rsp 0x%llx rflags 0x%llx cr2 0x%llx cr3 0x%llx\n"
                 "  rax 0x%llx rbx 0x%llx rcx 0x%llx rdx 0x%llx rsi 0x%llx rdi 0x%llx rbp 0x%llx\n"
                 "  r8 0x%llx r9 0x%llx r10 0x%llx r11 0x%llx r12 0x%llx r13 0x%llx r14 0x%llx r15 0x%llx",
                 (unsigned long long)frame->vector, (unsigned long long)frame->error_code, current_cpu_index(),
                 (unsigned long long)frame->rip, (unsigned long long)frame->rsp, (unsigned long long)frame->rflags,
                 (unsigned long long)read_cr2(), (unsigned long long)read_cr3(), (unsigned long long)frame->rax,
                 (unsigned long long)frame->rbx, (unsigned long long)frame->rcx, (unsigned long long)frame->rdx,
                 (unsigned long long)frame->rsi, (unsigned long long)frame->rdi, (unsigned long long)frame->rbp,
                 (unsigned long long)frame->r8, (unsigned long long)frame->r9, (unsigned long long)frame->r10,
                 (unsigned long long)frame->r11, (unsigned long long)frame->r12, (unsigned long long)frame->r13,
                 (unsigned long long)frame->r14, (unsigned long long)frame->r15);
}

void trap_from_kernel_handle(const struct user_frame *frame)
{
    if (frame->vector < EXCEPTIONS) {
        kernel_exception(frame);
    }
    interrupt_handle(current_cpu(), (uint32_t)frame->vector);
}

bool trap_anywhere_handle(struct user_frame *frame)
{
    bool from_user = (frame->cs & 3) != 0;

    switch (frame->vector) {
    case VECTOR_NMI:
        if (__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
            arch_halt();
        }
        current_percpu()->nmi_count++;
        current_cpu()->statistics->nmis++;
        return false;
    case VECTOR_DEBUG:
        __asm__ volatile("mov %0, %%db6" : : "r"(0xffff0ff0ull));
        if (from_user) {
            current_cpu()->current->frame = *frame;
            return true;
        }
        /* Some CPUs let a program's single step reach into a system call. */
        frame->rflags &= ~RFLAGS_TF;
        return false;
    case VECTOR_MACHINE_CHECK:
        machine_check_handle();
    default:
        kernel_exception(frame);
    }
}

void arch_stop_others(void)
{
    if (!__atomic_exchange_n(&stopping, true, __ATOMIC_SEQ_CST)) {
        lapic_send_nmi_to_others();
    }
}

void arch_halt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

void arch_interrupt_window(void)
{
    interrupt_window();
}

void arch_idle(void)
{
    interrupt_wait();
}

/* A program may load its selectors into DS, ES, FS and GS, which mean nothing in
 * 64-bit mode but can be read: the next program finds none. */
static inline void clear_segment_selectors(void)
{
    uint32_t ds, es, fs, gs;

    __asm__ volatile("mov %%ds, %0\n\tmov %%es, %1\n\tmov %%fs, %2\n\tmov %%gs, %3"
                     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    if (__builtin_expect((ds | es | fs | gs) != 0, 0)) {
        /* GS: some CPUs clear its base with it, which must be the program's then. */
        __asm__ volatile("mov %w0, %%ds\n\t"
                         "mov %w0, %%es\n\t"
                         "mov %w0, %%fs\n\t"
                         "swapgs\n\t"
                         "mov %w0, %%gs\n\t"
                         "swapgs"
                         :
                         : "r"(0)
                         : "memory");
    }
}

void arch_switch_thread(struct thread *next)
{
    struct percpu *percpu = current_percpu();

    percpu->tss->rsp[0] = (uint64_t)(&next->frame + 1);
    if (percpu->loaded_pd != next->pd) {
        percpu->loaded_pd = next->pd;
        write_cr3(next->pd->address_space);
        clear_segment_selectors();
        if (percpu->core.ran_guest) {
            percpu->core.ran_guest = false;
            vcpu_hide();
        }
        if (cpu_features.ibpb) {
            wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
        }
    }
    fpu_switch(next->fpu);
}
