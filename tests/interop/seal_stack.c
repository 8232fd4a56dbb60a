/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How deep key encapsulation and the sealed channel use the stack, and what they
 * leave on it. Built from the objects that protection domains are built from. For
 * each function a line `NAME BYTES`. The exit status is 1 if one goes deeper than
 * its header promises, or leaves secrets behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <crypto/seal.h>

#define STACK_SIZE 0x80000u
#define PAINT      0xa5
/* Of a secret, this many bytes in a row are looked for. */
#define TRACE_SIZE 12u
#define SUITE      SEAL_X25519_ML_KEM_1024
#define KEM        KEM_ML_KEM_1024

/* Start-up code seeds it in protection domains; they are built to find the canary here. */
uintptr_t __stack_chk_guard = 0x595e9fbd94fda766;

static _Alignas(64) uint8_t stack[STACK_SIZE];
static ucontext_t main_context, work_context;
static bool good, all_good = true;

static uint8_t secret_key[SEAL_SECRET_KEY_SIZE], public_key[SEAL_MAX_PUBLIC_KEY], header[SEAL_MAX_HEADER];
static uint8_t kem_secret_key[KEM_MAX_SECRET_KEY], kem_public_key[KEM_MAX_PUBLIC_KEY];
static uint8_t ciphertext[KEM_MAX_CIPHERTEXT], message[KEM_RANDOM_SIZE], shared_key[KEM_SHARED_KEY_SIZE];
static uint8_t record[SEAL_MAX_RECORD], data[SEAL_MAX_DATA];
static struct random_generator generator;
static struct seal_session sender, recipient;

static bool entropy(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++) {
        buffer[i] = (uint8_t)(i * 29 + 3);
    }
    return true;
}

static void make_kem_key(void)
{
    good = kem_make_key(KEM, secret_key + SEAL_X25519_SIZE, kem_public_key, kem_secret_key);
}

static void encapsulate(void)
{
    good = kem_encapsulate(KEM, kem_public_key, sizeof(kem_public_key), message, ciphertext, shared_key);
}

static void decapsulate(void)
{
    good = kem_decapsulate(KEM, kem_secret_key, sizeof(kem_secret_key), ciphertext, sizeof(ciphertext), shared_key);
}

static void start_random(void)
{
    good = random_start(&generator, entropy, NULL, "test");
}

static void make_seal_key(void)
{
    good = seal_public_key(SUITE, secret_key, public_key);
}

static void start(void)
{
    good = seal_start(&sender, SUITE, public_key, "context", 7, &generator, header) == SEAL_OK;
}

static void accept(void)
{
    good = seal_accept(&recipient, SUITE, secret_key, header, sizeof(header), "context", 7) == SEAL_OK;
}

static void write_record(void)
{
    good = seal_write(&sender, data, sizeof(data), false, record) == SEAL_OK;
}

static void read_record(void)
{
    size_t size;
    bool last;
    good = seal_read(&recipient, record, sizeof(record), data, &size, &last) == SEAL_OK;
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
    size_t untouched = 0;
    while (untouched < sizeof(stack) && stack[untouched] == PAINT) {
        untouched++;
    }
    return sizeof(stack) - untouched;
}

static void look_for(const char *name, const char *what, const void *secret, size_t size)
{
    const uint8_t *bytes = secret;
    for (size_t i = 0; i + TRACE_SIZE <= size; i++) {
        if (memmem(stack, sizeof(stack), bytes + i, TRACE_SIZE) != NULL) {
            printf("%s leaves %s on the stack\n", name, what);
            all_good = false;
            return;
        }
    }
}

static void measure(const char *name, void (*function)(void), size_t limit)
{
    size_t used = depth(function);
    printf("%s %zu\n", name, used);
    if (!good || used > limit) {
        printf("%s: %s\n", name, good ? "deeper than the header says" : "the function failed");
        all_good = false;
    }
    look_for(name, "the secret key", secret_key, sizeof(secret_key));
    look_for(name, "the message", message, sizeof(message));
    look_for(name, "the shared key", shared_key, good && shared_key[0] != 0 ? sizeof(shared_key) : 0);
    look_for(name, "the decryption key", kem_secret_key, kem_secret_key[0] != 0 ? 1536 : 0);
    look_for(name, "a session key", sender.send.key, sender.alive ? sizeof(sender.send.key) : 0);
}

int main(void)
{
    for (unsigned int i = 0; i < sizeof(secret_key); i++) {
        secret_key[i] = (uint8_t)(i * 73 + 11);
    }
    for (unsigned int i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)(i * 31 + 5);
    }
    measure("kem_make_key", make_kem_key, KEM_STACK);
    measure("kem_encapsulate", encapsulate, KEM_STACK);
    measure("kem_decapsulate", decapsulate, KEM_STACK);
    measure("random_start", start_random, KEM_STACK);
    measure("seal_public_key", make_seal_key, SEAL_STACK);
    measure("seal_start", start, SEAL_STACK);
    measure("seal_accept", accept, SEAL_STACK);
    measure("seal_write", write_record, 0x2000);
    measure("seal_read", read_record, 0x2000);
    return all_good ? 0 : 1;
}
