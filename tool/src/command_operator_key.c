/* SPDX-License-Identifier: BSD-2-Clause */
/* `skyscope keygen --operator`. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <tool/command.h>
#include <tool/key_directory.h>
#include <tool/key_options.h>
#include <tool/operator_key.h>
#include <unistd.h>

static const char *get_passphrase(struct arena *arena, const struct operator_request *request,
                                  struct passphrase *passphrase)
{
    struct passphrase_source source = {
        .file = request->passphrase_file,
        .whose = arena_format(arena, "the operator's key in %s", request->directory),
        .create = true,
        .allow_empty = request->development,
    };
    if (request->development && source.file == NULL) {
        passphrase->text = secret_allocate(PASSPHRASE_MAX + 1);
        return NULL;
    }
    return passphrase_get(arena, &source, passphrase);
}

static bool make_files(struct arena *arena, const struct operator_request *request, const char *private_path,
                       const char *public_path, const struct passphrase *passphrase, const char **reason)
{
    struct blob *private_file = NULL, *public_file = NULL;
    if (mkdir(request->directory, 0700) != 0 && errno != EEXIST) {
        *reason = arena_format(arena, "directory '%s' cannot be made: %s", request->directory, strerror(errno));
        return false;
    }
    if (!operator_key_make(arena, SEAL_X25519_ML_KEM_1024, request->development ? KEY_FLAG_DEVELOPMENT : 0,
                           key_creation_time(), passphrase, &private_file, &public_file, reason) ||
        !key_storage_create(arena, private_path, 0600, private_file->data, private_file->size, reason)) {
        return false;
    }
    if (!key_storage_create(arena, public_path, 0644, public_file->data, public_file->size, reason)) {
        unlink(private_path);
        return false;
    }
    return true;
}

int operator_keygen(struct arena *arena, const struct operator_request *request)
{
    const char *private_path = arena_format(arena, "%s/" OPERATOR_KEY_FILE, request->directory);
    const char *public_path = arena_format(arena, "%s/" OPERATOR_PUBLIC_FILE, request->directory);
    struct passphrase passphrase = {0};
    bool exists = key_storage_exists(private_path);
    if (exists || key_storage_exists(public_path)) {
        return failure("'%s' exists already and is not overwritten; name another directory",
                       exists ? private_path : public_path);
    }
    const char *reason = get_passphrase(arena, request, &passphrase);
    if (reason != NULL) {
        return failure("%s", reason);
    }
    bool good = make_files(arena, request, private_path, public_path, &passphrase, &reason);
    passphrase_forget(&passphrase);
    if (!good) {
        return failure("no key was made: %s", reason);
    }
    if (!request->quiet) {
        printf("%s: %s%s\n%s: name it in the system file: <operator key=\"" OPERATOR_PUBLIC_FILE "\"/>\n", private_path,
               seal_parameters(SEAL_X25519_ML_KEM_1024)->name, request->development ? ", DEVELOPMENT KEY" : "",
               public_path);
    }
    return EXIT_OK;
}
