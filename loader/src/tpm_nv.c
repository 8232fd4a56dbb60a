/* SPDX-License-Identifier: BSD-2-Clause */
/* Non-volatile indices (TPM Library part 3, chapter 31). */
#include <loader/tpm.h>

#include <base/memory.h>

enum command_code {
    COMMAND_NV_DEFINE_SPACE = 0x12a,
    COMMAND_NV_WRITE = 0x137,
    COMMAND_NV_WRITE_LOCK = 0x138,
    COMMAND_NV_READ = 0x14e,
    COMMAND_NV_READ_PUBLIC = 0x169,
    COMMAND_GET_CAPABILITY = 0x17a,
};

#define CAPABILITY_HANDLES 1u
#define HANDLE_OWNER       0x40000001u
#define ALGORITHM_SHA256   0x000bu
#define PUBLIC_SIZE        14u /* of a TPMS_NV_PUBLIC with an empty policy */

uint32_t tpm_nv_list(struct tpm *tpm, uint32_t first, uint32_t count, uint32_t *handles, uint32_t *found)
{
    struct tpm_reader reader;
    *found = 0;
    tpm_begin(tpm, COMMAND_GET_CAPABILITY);
    tpm_put_u32(tpm, CAPABILITY_HANDLES);
    tpm_put_u32(tpm, first);
    tpm_put_u32(tpm, count);
    uint32_t result = tpm_run(tpm, &reader);
    if (result != TPM_OK) {
        return result;
    }
    (void)tpm_get_u8(&reader); /* whether there is more */
    uint32_t capability = tpm_get_u32(&reader);
    uint32_t listed = tpm_get_u32(&reader);
    uint32_t last = 0;
    for (uint32_t i = 0; i < listed && !reader.overrun; i++) {
        uint32_t handle = tpm_get_u32(&reader);
        /* In ascending order: no handle comes twice. */
        if (i >= count || handle < first || (i > 0 && handle <= last)) {
            (void)tpm_fail(tpm, "its list of NV indices is wrong");
            return TPM_BROKEN;
        }
        last = handle;
        if (handle - first < count && !reader.overrun) {
            handles[(*found)++] = handle;
        }
    }
    if (capability != CAPABILITY_HANDLES) {
        (void)tpm_fail(tpm, "it answers with another capability than was asked for");
        return TPM_BROKEN;
    }
    return tpm_end(tpm, &reader, "TPM2_GetCapability");
}

uint32_t tpm_nv_read_public(struct tpm *tpm, uint32_t handle, struct tpm_nv_public *public)
{
    struct tpm_reader reader;
    tpm_begin(tpm, COMMAND_NV_READ_PUBLIC);
    tpm_put_u32(tpm, handle);
    uint32_t result = tpm_run(tpm, &reader);
    if (result != TPM_OK) {
        return result;
    }
    uint32_t size = tpm_get_u16(&reader);
    uint32_t start = reader.position;
    public->handle = tpm_get_u32(&reader);
    (void)tpm_get_u16(&reader); /* algorithm of its name */
    public->attributes = tpm_get_u32(&reader);
    (void)tpm_get_bytes(&reader, tpm_get_u16(&reader)); /* policy */
    public->size = tpm_get_u16(&reader);
    if (!reader.overrun && (reader.position - start != size || public->handle != handle)) {
        (void)tpm_fail(tpm, "it describes another NV index than was asked for");
        return TPM_BROKEN;
    }
    (void)tpm_get_bytes(&reader, tpm_get_u16(&reader)); /* name */
    return tpm_end(tpm, &reader, "TPM2_NV_ReadPublic");
}

uint32_t tpm_nv_define(struct tpm *tpm, const struct tpm_nv_public *public)
{
    struct tpm_reader reader;
    tpm_begin(tpm, COMMAND_NV_DEFINE_SPACE);
    tpm_put_u32(tpm, HANDLE_OWNER);
    tpm_put_empty_password(tpm);
    tpm_put_u16(tpm, 0); /* the index's password */
    tpm_put_u16(tpm, PUBLIC_SIZE);
    tpm_put_u32(tpm, public->handle);
    tpm_put_u16(tpm, ALGORITHM_SHA256);
    tpm_put_u32(tpm, public->attributes);
    tpm_put_u16(tpm, 0); /* policy */
    tpm_put_u16(tpm, (uint16_t) public->size);
    uint32_t result = tpm_run(tpm, &reader);
    return result == TPM_OK ? tpm_end(tpm, &reader, "TPM2_NV_DefineSpace") : result;
}

/* A command's handles: who authorizes it (the index itself), and the index. */
static void begin_for_index(struct tpm *tpm, uint32_t command_code, uint32_t handle)
{
    tpm_begin(tpm, command_code);
    tpm_put_u32(tpm, handle);
    tpm_put_u32(tpm, handle);
    tpm_put_empty_password(tpm);
}

uint32_t tpm_nv_read(struct tpm *tpm, uint32_t handle, void *data, uint16_t size)
{
    struct tpm_reader reader;
    begin_for_index(tpm, COMMAND_NV_READ, handle);
    tpm_put_u16(tpm, size);
    tpm_put_u16(tpm, 0); /* offset */
    uint32_t result = tpm_run(tpm, &reader);
    if (result != TPM_OK) {
        return result;
    }
    uint16_t answered = tpm_get_u16(&reader);
    const uint8_t *bytes = tpm_get_bytes(&reader, answered);
    result = tpm_end(tpm, &reader, "TPM2_NV_Read");
    if (result == TPM_OK && answered != size) {
        (void)tpm_fail(tpm, "it answers with %u bytes of an NV index, not %u", answered, size);
        return TPM_BROKEN;
    }
    if (result == TPM_OK) {
        memcpy(data, bytes, size);
    }
    return result;
}

uint32_t tpm_nv_write(struct tpm *tpm, uint32_t handle, const void *data, uint16_t size)
{
    struct tpm_reader reader;
    begin_for_index(tpm, COMMAND_NV_WRITE, handle);
    tpm_put_u16(tpm, size);
    tpm_put_bytes(tpm, data, size);
    tpm_put_u16(tpm, 0); /* offset */
    uint32_t result = tpm_run(tpm, &reader);
    return result == TPM_OK ? tpm_end(tpm, &reader, "TPM2_NV_Write") : result;
}

uint32_t tpm_nv_write_lock(struct tpm *tpm, uint32_t handle)
{
    struct tpm_reader reader;
    begin_for_index(tpm, COMMAND_NV_WRITE_LOCK, handle);
    uint32_t result = tpm_run(tpm, &reader);
    return result == TPM_OK ? tpm_end(tpm, &reader, "TPM2_NV_WriteLock") : result;
}
