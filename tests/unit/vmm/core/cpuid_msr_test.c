/* SPDX-License-Identifier: BSD-2-Clause */
/* What CPUID and model-specific registers say of the virtual CPU. */
#include "exits_fixture.h"

/* --- CPUID --- */

static void cpuid_identity(void **state)
{
    (void)state;
    cpuid(0, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX], 0x16);
    cpuid(0x40000000, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX], 0x40000010);
    uint32_t text[3] = {(uint32_t)guest()->gpr[VCPU_RBX], (uint32_t)guest()->gpr[VCPU_RCX],
                        (uint32_t)guest()->gpr[VCPU_RDX]};
    assert_memory_equal(text, "Skyscope VMM", 12);
    cpuid(0x40000010, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX], FIXTURE_FREQUENCY / 1000);
    cpuid(0x15, 0);
    assert_int_equal(guest()->gpr[VCPU_RCX] * guest()->gpr[VCPU_RBX] / guest()->gpr[VCPU_RAX], FIXTURE_FREQUENCY);
}

static void cpuid_features_follow_state(void **state)
{
    (void)state;
    guest()->cr4 = CR4_PAE;
    cpuid(1, 0);
    uint64_t ecx = guest()->gpr[VCPU_RCX];
    assert_true((ecx & (1u << 31)) != 0 && (ecx & (1u << 21)) != 0 && (ecx & (1u << 24)) != 0);
    assert_true((ecx & (1u << 3)) == 0 && (ecx & (1u << 5)) == 0); /* MONITOR, VMX */
    assert_true((ecx & (1u << 27)) == 0);
    guest()->cr4 |= CR4_OSXSAVE;
    cpuid(1, 0);
    assert_true((guest()->gpr[VCPU_RCX] & (1u << 27)) != 0);
    cpuid(0x80000001, 0);
    assert_true((guest()->gpr[VCPU_RCX] & (1u << 2)) == 0); /* SVM */
    cpuid(0xa, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX] | guest()->gpr[VCPU_RDX], 0);
    cpuid(0x80000007, 0);
    assert_int_equal(guest()->gpr[VCPU_RDX], 1u << 8);
}

/* Any leaf: nothing faults, what is beyond the end is zero. */
static void cpuid_everywhere(void **state)
{
    (void)state;
    static const uint32_t bases[] = {0, 0x40000000, 0x80000000, 0x80860000, 0xc0000000, 0xffffff00};
    for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
        for (uint32_t i = 0; i < 0x100; i++) {
            static const uint32_t subleaves[] = {0, 1, 2, 3, 7, 15, 16, 62, 63, 64, 0xffffffff};
            for (size_t s = 0; s < sizeof(subleaves) / sizeof(subleaves[0]); s++) {
                cpuid(bases[b] + i, subleaves[s]);
            }
        }
    }
    cpuid(0x50000000, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX] | guest()->gpr[VCPU_RBX] | guest()->gpr[VCPU_RCX] | guest()->gpr[VCPU_RDX],
                     0);
}

static const struct cpuid_result everything = {~0u, ~0u, ~0u, ~0u};
static const struct cpuid_result xsave_leaves[10] = {
    [0] = {.eax = 0x602e7, .ebx = 0xa80, .ecx = 0xa80},
    [1] = {.eax = 0x1f},
    [2] = {.eax = 0x100, .ebx = 0x240},
    [5] = {.eax = 0x40, .ebx = 0x440},
    [6] = {.eax = 0x200, .ebx = 0x480},
    [7] = {.eax = 0x400, .ebx = 0x680},
    [8] = {.eax = 0x80, .ebx = 0xb00},
    [9] = {.eax = 8, .ebx = 0xa80},
};

static struct cpuid_result epyc(void *context, uint32_t leaf, uint32_t subleaf)
{
    (void)context;
    switch (leaf) {
    case 0:
        return (struct cpuid_result){.eax = 0x1f, .ebx = 0x68747541, .ecx = 0x444d4163, .edx = 0x69746e65};
    case 7:
    case 1:
        return (struct cpuid_result){.eax = 0x800f12, .ebx = ~0u, .ecx = ~0u, .edx = ~0u};
    case 0xd:
        return subleaf < 10 ? xsave_leaves[subleaf] : everything;
    case 0x80000000:
        return (struct cpuid_result){.eax = 0x80000028};
    case 0x80000008:
        return (struct cpuid_result){.eax = 0x3030};
    default:
        return everything;
    }
}

/* A host with everything: what is not virtualised must not come through. */
static void cpuid_policy_hides(void **state)
{
    (void)state;
    struct cpuid_policy p;
    struct cpuid_options options = {.vcpu_count = 3, .tsc_frequency = 5000000000ull};
    cpuid_policy_create(&p, &options, epyc, NULL);
    struct cpuid_viewer viewer = {.vcpu = 2, .cr4 = CR4_OSXSAVE, .xcr0 = 7, .apic_enabled = true};
    struct cpuid_result r;
    cpuid_query(&p, &viewer, 1, 0, &r);
    assert_int_equal(r.ecx & ((1u << 31) | (1u << 21) | (1u << 24) | (1u << 3) | (1u << 2) | (1u << 5) | (1u << 15)),
                     0);
    assert_int_equal(r.ebx >> 24, 2);
    assert_int_equal(r.ebx >> 16 & 0xff, 4);
    cpuid_query(&p, &viewer, 0x40000000, 0, &r);
    assert_int_equal(r.eax | r.ebx, 0);
    cpuid_query(&p, &viewer, 7, 0, &r);
    assert_int_equal(r.ebx & ((1u << 2) | (1u << 12) | (1u << 15) | (1u << 4) | (1u << 11) | (1u << 14) | (1u << 25)),
                     0);
    assert_int_equal(r.ecx & (1u << 16), 0);
    assert_int_equal(r.edx & (7u << 22), 0); /* AMX */
    cpuid_query(&p, &viewer, 0x8000000a, 0, &r);
    assert_int_equal(r.eax | r.ebx | r.ecx | r.edx, 0);
    cpuid_query(&p, &viewer, 0x8000001f, 0, &r); /* memory encryption */
    assert_int_equal(r.eax, 0);
    cpuid_query(&p, &viewer, 0x8000001e, 0, &r);
    assert_int_equal(r.eax, 2);
    cpuid_query(&p, &viewer, 0x15, 0, &r);
    assert_int_equal((uint64_t)r.ecx * r.ebx / r.eax, 5000000000ull);

    assert_int_equal(p.xcr0_allowed, 0x2e7);
    cpuid_query(&p, &viewer, 0xd, 0, &r);
    assert_int_equal(r.eax, 0x2e7);
    assert_int_equal(r.ebx, 0x240 + 0x100);
    assert_int_equal(r.ecx, 0xa88);
    cpuid_query(&p, &viewer, 0xd, 1, &r);
    assert_int_equal(r.eax, 7); /* XSAVES is not offered */
    cpuid_query(&p, &viewer, 0xd, 17, &r);
    assert_int_equal(r.eax | r.ebx | r.ecx, 0);
    cpuid_query(&p, &viewer, 0xd, 8, &r);
    assert_int_equal(r.eax | r.ebx | r.ecx, 0);

    cpuid_query(&p, &viewer, 0xb, 0, &r);
    assert_int_equal(r.ecx, 0x100);
    assert_int_equal(r.edx, 2);
    cpuid_query(&p, &viewer, 0xb, 1, &r);
    assert_int_equal(r.eax, 2);
    assert_int_equal(r.ebx, 3);
    cpuid_query(&p, &viewer, 0xb, 2, &r);
    assert_int_equal(r.eax | r.ebx | (r.ecx >> 8), 0);
    assert_int_equal(p.cr4_allowed & CR4_LA57, 0);
}

/* What a kernel cannot switch between guests is not shown. */
static void cpuid_limits(void **state)
{
    (void)state;
    struct cpuid_policy p;
    struct cpuid_options options = {.vcpu_count = 1, .tsc_frequency = 1000000000, .host_tsc = true, .no_xsave = true};
    cpuid_policy_create(&p, &options, epyc, NULL);
    struct cpuid_viewer viewer = {.apic_enabled = true};
    struct cpuid_result r;
    assert_int_equal(p.xcr0_allowed, 0);
    assert_int_equal(p.cr4_allowed & (CR4_OSXSAVE | CR4_PKE), 0);
    cpuid_query(&p, &viewer, 1, 0, &r);
    assert_int_equal(r.ecx & (1u << 26 | 1u << 28 | 1u << 12 | 1u << 29), 0); /* XSAVE, AVX, FMA, F16C */
    cpuid_query(&p, &viewer, 7, 0, &r);
    assert_int_equal(r.ebx & (1u << 1 | 1u << 5 | 1u << 16), 0); /* TSC_ADJUST, AVX2, AVX-512 */
    assert_int_equal(r.ecx & (1u << 3 | 1u << 22), 0);           /* PKU, RDPID */
    cpuid_query(&p, &viewer, 0xd, 0, &r);
    assert_int_equal(r.eax | r.ebx | r.ecx, 0);
    cpuid_query(&p, &viewer, 0x80000001, 0, &r);
    assert_int_equal(r.edx & 1u << 27, 0); /* RDTSCP */
    assert_int_not_equal(r.edx & 1u << 29, 0);
}

/* --- MSRs --- */

static void msr_unknown(void **state)
{
    (void)state;
    uint64_t value;
    assert_false(read_msr(0x12345678, &value));
    assert_false(write_msr(0x12345678, 0));
    assert_false(read_msr(0xc0010117, &value)); /* VM_HSAVE_PA */
    assert_int_equal(f.vm->guest_errors, 3);
    assert_non_null(strstr(fixture_log(&f), "0x12345678"));
    for (int i = 0; i < 1000; i++) {
        assert_false(read_msr(0xdead, &value));
    }
    assert_int_equal(f.vm->guest_errors, 1003);
    assert_true(f.log->written < 2000); /* and yet the log is short */
    assert_true(f.log->dropped > 900);
}

static void msr_time(void **state)
{
    (void)state;
    assert_int_equal(msr(0x10), 0); /* starts at 0 with the VM */
    fake_hv.now += 500;
    assert_int_equal(msr(0x10), 500);
    assert_true(write_msr(0x10, 10000));
    assert_true((control()->dirty & VCPU_STATE_MISC) != 0);
    assert_int_equal(fake_hv.now + guest()->tsc_offset, 10000);
    assert_int_equal(msr(0x3b), 9500);
    assert_true(write_msr(0x3b, 0));
    assert_int_equal(msr(0x10), 500);
}

/* No TSC of the guest's own: it starts at the host's value, and stays there, resets included. */
static void msr_time_of_the_host(void **state)
{
    (void)state;
    uint64_t value;
    fake_hv.now = 123456;
    guest()->limits = VCPU_LIMIT_TSC;
    assert_null(arch_vm_reset(f.vm));
    assert_int_equal(guest()->limits, VCPU_LIMIT_TSC);
    assert_int_equal(guest()->tsc_offset, 0);
    assert_int_equal(msr(0x10), 123456);
    assert_false(write_msr(0x10, 0));
    assert_false(read_msr(0x3b, &value));
    assert_false(write_msr(0x3b, 0));
    assert_int_equal(msr(0x10), 123456);
}

static void msr_efer(void **state)
{
    (void)state;
    uint64_t efer = msr(0xc0000080);
    assert_int_equal(efer, EFER_LME | EFER_LMA);
    assert_true(write_msr(0xc0000080, efer | EFER_SCE | EFER_NXE));
    assert_int_equal(guest()->efer, EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE);
    assert_true((control()->dirty & VCPU_STATE_CONTROL) != 0);
    assert_false(write_msr(0xc0000080, efer & ~EFER_LME));  /* paging is on */
    assert_false(write_msr(0xc0000080, efer | 1ull << 12)); /* SVME */
    assert_false(write_msr(0xc0000080, 1ull << 63));
    assert_true(write_msr(0xc0000080, EFER_LME)); /* LMA is not the guest's to clear */
    assert_int_equal(guest()->efer, EFER_LME | EFER_LMA);
}

static void msr_addresses_must_be_canonical(void **state)
{
    (void)state;
    assert_true(write_msr(0xc0000082, 0xffffffff81000000));
    assert_int_equal(guest()->lstar, 0xffffffff81000000);
    assert_false(write_msr(0xc0000082, 0x8000000000000000));
    assert_false(write_msr(0xc0000101, 0x0001000000000000));
    assert_int_equal(guest()->lstar, 0xffffffff81000000);
}

static void msr_memory_types(void **state)
{
    (void)state;
    assert_int_equal(msr(0xfe) & 0xff, X86_MTRR_VARIABLE_COUNT);
    assert_int_equal(msr(0x2ff), 0xc06);
    assert_true(write_msr(0x2ff, 0xc00));
    assert_false(write_msr(0x2ff, 0xc02));
    assert_false(write_msr(0x2ff, 1ull << 40));
    assert_true(write_msr(0x200, 0x80000006));
    assert_false(write_msr(0x200, 0x80000003));
    assert_false(write_msr(0x201, UINT64_MAX));
    assert_true(write_msr(0x250, 0x0606060606060606));
    assert_false(write_msr(0x250, 0x0706060606060606));
    assert_false(write_msr(0x210, 0));
    assert_true(write_msr(0x277, 0x0007010600070106));
    assert_int_equal(guest()->pat, 0x0007010600070106);
    assert_false(write_msr(0x277, 0x0207010600070106));
}

static void msr_machine_check(void **state)
{
    (void)state;
    assert_int_equal(msr(0x179), X86_MCE_BANK_COUNT);
    assert_true(write_msr(0x400, UINT64_MAX));
    assert_true(write_msr(0x401, 0));
    assert_false(write_msr(0x401, 1));
    assert_int_equal(msr(0x401), 0);
    uint64_t value;
    assert_false(read_msr(0x400 + 4 * X86_MCE_BANK_COUNT, &value));
}

/* Every index, with several values: whatever happens, the VM lives and says #GP or does it. */
static void msr_everywhere(void **state)
{
    (void)state;
    static const uint32_t bases[] = {0,          0x400,      0x800,      0xc00,     0x40000000,
                                     0xc0000000, 0xc0010000, 0xc0011000, 0xfffffc00};
    static const uint64_t values[] = {0, 1, UINT64_MAX, 0x8000000000000000, 0xfee00900, 0x5555555555555555};
    for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
        for (uint32_t i = 0; i < 0x400; i++) {
            uint64_t value;
            (void)read_msr(bases[b] + i, &value);
            for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                (void)write_msr(bases[b] + i, values[v]);
            }
        }
    }
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(cpuid_identity),   TEST(cpuid_features_follow_state),
        TEST(cpuid_everywhere), TEST(cpuid_policy_hides),
        TEST(cpuid_limits),     TEST(msr_unknown),
        TEST(msr_time),         TEST(msr_time_of_the_host),
        TEST(msr_efer),         TEST(msr_addresses_must_be_canonical),
        TEST(msr_memory_types), TEST(msr_machine_check),
        TEST(msr_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
