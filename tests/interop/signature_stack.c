/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How deep the signature functions use the stack, and what they leave on it. Built
 * from the objects that the loader is built from. For each algorithm one line:
 *
 *     NAME make-key BYTES sign BYTES verify BYTES
 *
 * Each function is called on a stack that was painted before. The exit status is 1
 * if one goes deeper than its header promises, or leaves secrets behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <crypto/signature.h>

#define STACK_SIZE 0x80000u
#define PAINT      0xa5
/* Of a secret, this many bytes in a row are looked for. */
#define TRACE_SIZE 12u

/* Start-up code seeds it in the loader; its programs are built to find the canary here. */
uintptr_t __stack_chk_guard = 0x595e9fbd94fda766;

static _Alignas(64) uint8_t stack[STACK_SIZE];
static ucontext_t main_context, work_context;

static const struct signature_parameters *parameters;
static uint8_t seed[SIGNATURE_MAX_SEED], random_bytes[SIGNATURE_MAX_RANDOM];
static uint8_t public_key[SIGNATURE_MAX_PUBLIC_KEY], secret_key[SIGNATURE_MAX_SECRET_KEY];
static uint8_t signature[SIGNATURE_MAX_SIZE];
static bool good;

static const char context[] = "context";
static const char message[] = "message";

static void make_key(void)
{
    good = signature_make_key(parameters->id, seed, public_key, secret_key);
}

static void sign(void)
{
    good = signature_sign(parameters->id, secret_key, context, sizeof(context), message, sizeof(message), random_bytes,
                          signature);
}

static void verify(void)
{
    good = signature_verify(parameters->id, public_key, parameters->public_key_size, context, sizeof(context), message,
                            sizeof(message), signature, parameters->signature_size);
}

/* Runs a function on the painted stack. Returns how many bytes it used. */
static size_t depth(void (*function)(void))
{
    memset(stack, PAINT, sizeof(stack));
    good = false;
    getcontext(&work_context);
    work_context.uc_stack.ss_sp = stack;
    work_context.uc_stack.ss_size = sizeof(stack);
    work_context.uc_link = &main_context;
    makecontext(&work_context, function, 0);
    swapcontext(&main_context, &work_context);
    if (!good) {
        fprintf(stderr, "%s: the function failed\n", parameters->name);
        exit(1);
    }
    size_t untouched = 0;
    while (untouched < sizeof(stack) && stack[untouched] == PAINT) {
        untouched++;
    }
    return sizeof(stack) - untouched;
}

/* Whether any TRACE_SIZE bytes in a row of data are on the stack. */
static bool leaves(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + TRACE_SIZE <= size; i++) {
        if (memmem(stack, sizeof(stack), data + i, TRACE_SIZE) != NULL) {
            return true;
        }
    }
    return false;
}

/* ML-DSA: K of the secret key. (Its rho is public; s1 and s2 are checked as well.) SLH-DSA: SK.seed and SK.prf. */
static bool leaves_secrets(void)
{
    if (leaves(seed, parameters->family == SIGNATURE_FAMILY_LATTICE ? 32 : parameters->seed_size / 3 * 2)) {
        return true;
    }
    return parameters->family == SIGNATURE_FAMILY_LATTICE &&
           (leaves(secret_key + 32, 32) || leaves(secret_key + 128, 1024));
}

int main(void)
{
    bool all_good = true;
    for (unsigned int i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t)(i * 73 + 11);
    }
    memset(random_bytes, 0x3c, sizeof(random_bytes));
    for (unsigned int i = 0; (parameters = signature_algorithm_at(i)) != NULL; i++) {
        size_t key_depth = depth(make_key);
        bool key_leaves = leaves_secrets();
        size_t sign_depth = depth(sign);
        bool sign_leaves = leaves_secrets();
        size_t verify_depth = depth(verify);
        printf("%s make-key %zu sign %zu verify %zu\n", parameters->name, key_depth, sign_depth, verify_depth);
        if (key_leaves || sign_leaves) {
            printf("%s leaves secrets on the stack\n", parameters->name);
            all_good = false;
        }
        if (key_depth > SIGNATURE_SIGN_STACK || sign_depth > SIGNATURE_SIGN_STACK ||
            verify_depth > SIGNATURE_VERIFY_STACK) {
            printf("%s goes deeper than the header says\n", parameters->name);
            all_good = false;
        }
    }
    return all_good ? 0 : 1;
}
