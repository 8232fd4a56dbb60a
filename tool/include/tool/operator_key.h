/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's key pair: the private key opens what machines seal. It is a file
 * like other private keys (<tool/key_file.h>, kind KEY_KIND_OPERATOR, algorithm:
 * enum seal_suite); the public one is the file that system files name (<crypto/seal.h>).
 */
#pragma once

#include <crypto/seal.h>
#include <tool/key_file.h>

#define OPERATOR_KEY_FILE    "operator.key"
#define OPERATOR_PUBLIC_FILE "operator.pub"

struct operator_request {
    const char *directory, *passphrase_file; /* no file: the passphrase is asked for */
    bool development, quiet;
};

/* `skyscope keygen --operator`: makes a pair and both files in a directory. Returns the exit status. */
int operator_keygen(struct arena *arena, const struct operator_request *request);

/* Makes a pair: the content of both files. flags: enum key_flag. False: *reason says why not. */
bool operator_key_make(struct arena *arena, uint32_t suite, uint32_t flags, uint64_t creation_time,
                       const struct passphrase *passphrase, struct blob **private_file, struct blob **public_file,
                       const char **reason);
/* Decrypts the private key of a file that key_file_read() has read. Returns NULL, or what is wrong. */
const char *operator_key_unlock(const struct key_file *key, const struct passphrase *passphrase,
                                uint8_t secret_key[SEAL_SECRET_KEY_SIZE]);
