/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls of the built-in kernel. PDs use them through libmicrokit.
 *
 * x86-64: SYSCALL. RAX: number in, status out (0, or a negated enum
 * skyscope_status). Arguments and results in the registers named below; RCX and
 * R11 are destroyed; all others are kept. A message's registers 0..3 travel in
 * R10, R8, R9, R15 (as on seL4); 4..63 in msg[] of the IPC buffer, which has
 * seL4_IPCBuffer's layout (a tag word, then msg[120]).
 *
 * AArch64: SVC #0. X7: number in, status out. What is said of RDI, RSI, RDX, R10, R8, R9,
 * R15 below holds for X0, X1, X6, X2, X3, X4, X5; all other registers are kept.
 *
 * A message descriptor ("info") is seL4_MessageInfo: bits 6:0 length in words
 * (at most 64 are transferred), bits 63:12 label; other bits are ignored. Registers
 * that a message does not fill keep the receiver's values.
 *
 * What a receive returns:
 *   RDI  badge. Bit 63 set: a protected procedure call, bits 5:0 the channel.
 *        Bit 62 set: a fault, bits 7:0 the child's id. Both clear: a
 *        set of notifications, one bit per channel or interrupt id.
 *   RSI  info of the message (calls and faults)
 *   RDX  events: SKYSCOPE_EVENT_* bits, with or without notifications
 *   R10, R8, R9, R15  message registers 0..3
 */
#pragma once

enum skyscope_syscall {
    /* Wait for a notification, a call, a fault or an event. Forgets a caller
     * that was not replied to. */
    SYSCALL_RECV = 0,
    /* Reply to the last call or fault (RSI: info, message registers), then RECV.
     * A reply to a fault restarts the faulting thread as seL4 says. */
    SYSCALL_REPLY_RECV = 1,
    /* Notify (RDI: channel) or, with RDX = 1, acknowledge (RDI: interrupt id),
     * then RECV: one trap instead of two. */
    SYSCALL_SEND_RECV = 2,
    /* Call a protected procedure. RDI: channel, RSI: info, message registers.
     * Returns RSI: info, message registers. */
    SYSCALL_CALL = 3,
    /* RDI: channel. */
    SYSCALL_NOTIFY = 4,
    /* RDI: interrupt id. Unmasks the interrupt. */
    SYSCALL_IRQ_ACK = 5,
    /* RDI: child id, RSI: enum skyscope_pd_operation, RDX: entry point or 0.
     * Completes before it returns, whichever CPU the child is on. */
    SYSCALL_PD_CONTROL = 6,
    /* RDI: I/O port id, RSI: port number, RDX: width (1, 2, 4) | 8 for a write,
     * R10: value to write. Returns RDI: value read. */
    SYSCALL_IOPORT = 7,
    /* Run the vCPU that this thread owns. Returns RDI: enum skyscope_vcpu_run;
     * RSI: notifications, RDX: events (VCPU_RUN_NOTIFIED; taken, as by RECV). Calls
     * and faults do not end it: a thread that runs a vCPU receives none. */
    SYSCALL_VCPU_RUN = 8,
    /* Wait as RECV does, but with the vCPU page's deadline armed: how a VMM
     * thread sleeps while its guest is halted. Returns as VCPU_RUN_NOTIFIED. */
    SYSCALL_VCPU_WAIT = 9,
    /* RDI: VCPU_STATE_* groups to read from the vCPU into its page now. */
    SYSCALL_VCPU_READ = 10,
    /* Arm this thread's one-shot timer. RDI: absolute clock value, 0: disarm.
     * Fires as SKYSCOPE_EVENT_TIMER. */
    SYSCALL_TIMER = 11,
    /* Raise SKYSCOPE_EVENT_SIGNAL in a thread of the same PD. RDI: its index. */
    SYSCALL_THREAD_SIGNAL = 12,
    /* Write RSI (0..32) characters to the kernel's console and log: RDI, RDX,
     * R10, R8, eight each, lowest byte first. */
    SYSCALL_DEBUG_WRITE = 13,
    /* Become passive: give up the budget; run on the callers' from now on. */
    SYSCALL_GO_PASSIVE = 14,
    SYSCALL_YIELD = 15,
    /* RDI: enum skyscope_system_operation. Only PDs with SYSTEM_CONTROL. */
    SYSCALL_SYSTEM = 16,
    /* Take pending notifications and events without waiting; as RECV. RDI = 0 and
     * RDX = 0 when there are none. */
    SYSCALL_POLL = 17,
    /* RDI: child id, RSI: thread index. Registers of a stopped or faulted child
     * to msg[] of the caller's IPC buffer, in seL4_UserContext order. */
    SYSCALL_PD_READ_REGISTERS = 18,
    /* Same arguments, RDX: how many of the registers in msg[] to write. */
    SYSCALL_PD_WRITE_REGISTERS = 19,
    /* Returns RDI: clock frequency in Hz, RDX: wall-clock time in seconds since 1970
     * when the loader read the real-time clock, R10: the clock value at that moment. */
    SYSCALL_TIME = 20,
    SYSCALL_COUNT = 21,
};

enum skyscope_status {
    SKYSCOPE_OK = 0,
    SKYSCOPE_INVALID_ARGUMENT = 1,
    SKYSCOPE_INVALID_CHANNEL = 2, /* no such channel, interrupt, port or child id */
    SKYSCOPE_NOT_PERMITTED = 3,
    SKYSCOPE_WRONG_STATE = 4, /* e.g. reading registers of a running child */
    SKYSCOPE_NO_SUCH_CALL = 5,
    SKYSCOPE_NO_VCPU = 6,
    SKYSCOPE_PEER_STOPPED = 7, /* the callee was stopped or restarted before it replied */
    SKYSCOPE_NO_RANDOM = 8,    /* skyscope_random(): nothing random was found on this machine */
};

enum skyscope_event {
    SKYSCOPE_EVENT_TIMER = 1u << 0,
    SKYSCOPE_EVENT_SIGNAL = 1u << 1,
};

enum skyscope_pd_operation {
    SKYSCOPE_PD_STOP = 0,   /* all its threads; a vCPU that runs leaves the guest */
    SKYSCOPE_PD_RESUME = 1, /* go on where it was stopped; after a fault: retry */
    /* All threads: clear pending notifications and calls, start at their
     * entries (thread 0: at RDX if not 0), registers cleared as at boot. */
    SKYSCOPE_PD_RESTART = 2,
};

enum skyscope_vcpu_run {
    VCPU_RUN_EXIT = 0,     /* see exit in the vCPU page */
    VCPU_RUN_NOTIFIED = 1, /* notifications or events arrived; no exit to handle */
};

enum skyscope_system_operation {
    SKYSCOPE_SYSTEM_POWER_OFF = 0,
    SKYSCOPE_SYSTEM_RESET = 1,
};
