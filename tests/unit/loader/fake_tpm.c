/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_tpm.h"

#include <crypto/hash.h>

/* --- Commands --- */

struct text {
    uint8_t *bytes;
    uint32_t size;
};

static uint32_t be(const uint8_t *p, unsigned int bytes)
{
    uint32_t value = 0;
    for (unsigned int i = 0; i < bytes; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

static void put(struct text *t, uint32_t value, unsigned int bytes)
{
    for (unsigned int i = 0; i < bytes; i++) {
        t->bytes[t->size++] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

static void put_raw(struct text *t, const void *bytes, uint32_t size)
{
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
}

static void digest_of(uint16_t algorithm, const void *data, size_t size, uint8_t *digest)
{
    switch (algorithm) {
    case TPM_HASH_SHA256:
        hash_sha256(data, size, digest);
        break;
    case TPM_HASH_SHA384:
        hash_sha384(data, size, digest);
        break;
    case TPM_HASH_SHA512:
        hash_sha512(data, size, digest);
        break;
    default:
        memset(digest, 0x5a, tpm_hash_size(algorithm));
        break;
    }
}

static void extend(struct tpm_digest *pcr, const uint8_t *digest)
{
    uint8_t pair[2 * EVENT_LOG_MAX_DIGEST];
    memcpy(pair, pcr->bytes, pcr->size);
    memcpy(pair + pcr->size, digest, pcr->size);
    digest_of(pcr->algorithm, pair, 2 * (size_t)pcr->size, pcr->bytes);
}

static uint32_t do_pcr_event(struct fake_tpm *fake, const uint8_t *p, struct text *out)
{
    uint32_t pcr = be(fake->command + 10, 4);
    uint32_t size = be(p, 2);
    assert_true(pcr < 24 && size <= 1024);
    put(out, fake->bank_count, 4);
    for (uint32_t i = 0; i < fake->bank_count; i++) {
        uint8_t digest[64];
        digest_of(fake->banks[i].algorithm, p + 2, size, digest);
        digest[0] ^= fake->wrong_digests;
        put(out, fake->banks[i].algorithm, 2);
        put_raw(out, digest, tpm_hash_size(fake->banks[i].algorithm));
        if ((fake->banks[i].selected >> pcr & 1) != 0) {
            extend(&fake->pcrs[i][pcr], digest);
        }
    }
    return 0;
}

static uint32_t do_pcr_read(struct fake_tpm *fake, const uint8_t *p, struct text *out)
{
    assert_int_equal(be(p, 4), 1);
    uint32_t selection = p[7] | (uint32_t)p[8] << 8 | (uint32_t)p[9] << 16;
    uint32_t bank = 0;
    while (bank < fake->bank_count && fake->banks[bank].algorithm != be(p + 4, 2)) {
        bank++;
    }
    assert_true(bank < fake->bank_count && selection != 0);
    put(out, 77, 4);
    put_raw(out, p, 10);
    put(out, 1, 4);
    const struct tpm_digest *value = &fake->pcrs[bank][__builtin_ctz(selection)];
    put(out, value->size, 2);
    put_raw(out, value->bytes, value->size);
    return 0;
}

static uint32_t do_get_capability(struct fake_tpm *fake, const uint8_t *p, struct text *out)
{
    uint32_t capability = be(p, 4), property = be(p + 4, 4), count = be(p + 8, 4), found = 0;
    put(out, 0, 1);
    put(out, capability, 4);
    if (capability == 5) {
        put(out, fake->bank_count, 4);
        for (uint32_t i = 0; i < fake->bank_count; i++) {
            put(out, fake->banks[i].algorithm, 2);
            put(out, 3, 1);
            put_raw(out, &fake->banks[i].selected, 3);
        }
    } else if (capability == 6) {
        put(out, 1, 4);
        put(out, property, 4);
        put(out,
            property == TPM_PT_MANUFACTURER ? 0x46414b45
            : property == TPM_PT_PERMANENT  ? fake->owner_password
                                            : 9,
            4);
    } else {
        uint32_t place = out->size;
        put(out, 0, 4);
        for (uint32_t i = 0; i < FAKE_TPM_NV && found < count; i++) { /* kept sorted */
            if (fake->nv[i].handle >= property) {
                put(out, fake->nv[i].handle, 4);
                found++;
            }
        }
        struct text list = {out->bytes + place, 0};
        put(&list, found, 4);
    }
    return 0;
}

struct fake_nv *fake_tpm_nv(struct fake_tpm *fake, uint32_t handle)
{
    for (uint32_t i = 0; i < FAKE_TPM_NV; i++) {
        if (fake->nv[i].handle == handle) {
            return &fake->nv[i];
        }
    }
    return NULL;
}

static uint32_t do_nv_define(struct fake_tpm *fake, const uint8_t *p)
{
    uint32_t handle = be(p + 4, 4);
    if (fake->owner_password) {
        return 0x9a2;
    }
    if (fake->hierarchy_off) {
        return 0x185;
    }
    if (fake->nv_full) {
        return TPM_RC_NV_SPACE;
    }
    if (fake_tpm_nv(fake, handle) != NULL) {
        return TPM_RC_NV_DEFINED;
    }
    uint32_t place = 0;
    while (fake->nv[place].handle != 0 && fake->nv[place].handle < handle) {
        place++;
    }
    assert_int_equal(fake->nv[FAKE_TPM_NV - 1].handle, 0);
    memmove(&fake->nv[place + 1], &fake->nv[place], (FAKE_TPM_NV - 1 - place) * sizeof(fake->nv[0]));
    fake->nv[place] = (struct fake_nv){.handle = handle, .attributes = be(p + 10, 4), .size = be(p + 16, 2)};
    return 0;
}

static uint32_t do_nv(struct fake_tpm *fake, uint32_t code, const uint8_t *p, struct text *out)
{
    struct fake_nv *nv = fake_tpm_nv(fake, be(fake->command + 10, 4));
    if (nv == NULL) {
        return 0x18b;
    }
    if (code == 0x169) {
        put(out, 14, 2);
        put(out, nv->handle, 4);
        put(out, 0xb, 2);
        put(out, nv->attributes, 4);
        put(out, 0, 2);
        put(out, nv->size, 2);
        put(out, 34, 2);
        memset(out->bytes + out->size, 0xee, 34);
        out->size += 34;
        return 0;
    }
    if (nv->password) {
        return 0x98e;
    }
    if (code == 0x14e) {
        if ((nv->attributes & TPM_NV_WRITTEN) == 0) {
            return TPM_RC_NV_UNINITIALIZED;
        }
        assert_true(be(p, 2) + be(p + 2, 2) <= nv->size);
        put(out, be(p, 2), 2);
        put_raw(out, nv->data, be(p, 2));
        return 0;
    }
    if ((nv->attributes & TPM_NV_WRITELOCKED) != 0) {
        return TPM_RC_NV_LOCKED;
    }
    if (code == 0x138) {
        nv->attributes |= TPM_NV_WRITELOCKED;
        return 0;
    }
    assert_int_equal(be(p, 2), nv->size);
    if (!fake->nv_forgets) {
        memcpy(nv->data, p + 2, nv->size);
    }
    nv->attributes |= TPM_NV_WRITTEN;
    return 0;
}

/* Bytes 1, 2, 3 ... through all answers. */
static uint32_t do_get_random(struct fake_tpm *fake, const uint8_t *p, struct text *out)
{
    uint32_t wanted = be(p, 2), most = fake->random_at_once != 0 ? fake->random_at_once : 48;
    uint32_t given = wanted < most ? wanted : most;
    put(out, given, 2);
    for (uint32_t i = 0; i < given; i++) {
        put(out, ++fake->random_given, 1);
    }
    return 0;
}

/* Which commands carry how many handles, and whether a password. */
static uint32_t run(struct fake_tpm *fake, uint32_t code, struct text *out)
{
    const uint8_t *p = fake->command + 10;
    uint32_t handles = code == 0x137 || code == 0x138 || code == 0x14e   ? 2
                       : code == 0x13c || code == 0x12a || code == 0x169 ? 1
                                                                         : 0;
    p += 4 * handles;
    if (be(fake->command, 2) == 0x8002) {
        static const uint8_t empty_password[] = {0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 1, 0, 0};
        assert_memory_equal(p, empty_password, sizeof(empty_password));
        p += sizeof(empty_password);
    }
    assert_true(fake->started || code == 0x144);
    switch (code) {
    case 0x144:
        if (fake->started) {
            return TPM_RC_INITIALIZE;
        }
        fake->started = true;
        return 0;
    case 0x17a:
        return do_get_capability(fake, p, out);
    case 0x13c:
        return do_pcr_event(fake, p, out);
    case 0x17e:
        return do_pcr_read(fake, p, out);
    case 0x17b:
        return do_get_random(fake, p, out);
    case 0x12a:
        return do_nv_define(fake, p);
    default:
        return do_nv(fake, code, p, out);
    }
}

static void answer(struct fake_tpm *fake)
{
    uint8_t parameters[TPM_BUFFER_SIZE];
    struct text body = {parameters, 0};
    struct text out = {fake->answer, 0};
    uint32_t code = be(fake->command + 6, 4);
    assert_int_equal(be(fake->command + 2, 4), fake->command_size);
    uint32_t result;
    if (fake->asked < fake->patience) {
        fake->asked++;
        result = fake->patience_code != 0 ? fake->patience_code : (uint32_t)TPM_RC_RETRY;
    } else {
        fake->asked = 0;
        fake->commands++;
        result = fake->commands == fake->fail_at ? fake->fail_code : run(fake, code, &body);
    }
    bool sessions = result == 0 && be(fake->command, 2) == 0x8002;
    put(&out, sessions ? 0x8002 : 0x8001, 2);
    put(&out, 0, 4);
    put(&out, result, 4);
    if (result == 0) {
        if (sessions) {
            put(&out, body.size, 4);
        }
        put_raw(&out, parameters, body.size);
        if (sessions) {
            put_raw(&out, (const uint8_t[]){0, 0, 1, 0, 0}, 5);
        }
    }
    uint32_t size = out.size;
    struct text field = {fake->answer + 2, 0};
    put(&field, size, 4);
    if (fake->mangle != NULL) {
        fake->mangle(fake, code, fake->answer, &size);
    }
    field.size = 0;
    field.bytes = fake->answer + 2;
    if (fake->fault == FAULT_SIZE_HUGE) {
        put(&field, 0xffffffff, 4);
    } else if (fake->fault == FAULT_SIZE_SMALL) {
        put(&field, 9, 4);
    }
    fake->answer_size = fake->fault == FAULT_ANSWER_CUT        ? size - 1
                        : fake->fault == FAULT_ANSWER_TOO_LONG ? size + 1
                                                               : size;
    fake->answer_read = 0;
}

/* --- FIFO --- */

static uint32_t fifo_status(const struct fake_tpm *fake)
{
    bool receiving = fake->state == FAKE_RECEIVING;
    bool more = fake->answer_read < fake->answer_size || fake->fault == FAULT_SIZE_HUGE; /* and never ends */
    bool data = fake->state == FAKE_ANSWERING && more && fake->fault != FAULT_NO_ANSWER;
    bool whole = receiving && fake->command_size >= 10 && fake->command_size >= be(fake->command + 2, 4);
    bool expect = receiving && !whole;
    if (fake->fault == FAULT_EXPECTS_NO_MORE) {
        expect = false;
    } else if (fake->fault == FAULT_EXPECTS_MORE) {
        expect = true;
    }
    bool no_burst =
        fake->fault == FAULT_BURST_ZERO || (fake->fault == FAULT_BURST_ZERO_RECEIVING && fake->state == FAKE_ANSWERING);
    uint32_t left = fake->fault == FAULT_SIZE_HUGE ? 7 : fake->answer_size - fake->answer_read;
    uint32_t burst = no_burst ? 0 : fake->state == FAKE_ANSWERING && left < 7 ? left : 7;
    uint32_t status = 0x80u | burst << 8;
    status |= expect ? 0x08u : 0u;
    status |= data ? 0x10u : 0u;
    status |= fake->state == FAKE_READY && fake->fault != FAULT_NEVER_READY ? 0x40u : 0u;
    return status;
}

static uint32_t fifo_read(struct fake_tpm *fake, uint32_t offset, uint32_t width)
{
    switch (offset) {
    case 0x00:
        assert_int_equal(width, 1);
        return (fake->fault == FAULT_NOT_VALID ? 0 : 0x80u) | (fake->locality ? 0x20u : 0);
    case 0x18:
        return fifo_status(fake);
    case 0x24:
        assert_int_equal(width, 1);
        assert_int_equal(fake->state, FAKE_ANSWERING);
        return fake->answer_read < fake->answer_size ? fake->answer[fake->answer_read++] : 0xff;
    case 0x30:
        return 0x0000000f;
    case 0xf00:
        return 0x00011014;
    default:
        fail_msg("read of register 0x%x", offset);
        return 0;
    }
}

static void fifo_write(struct fake_tpm *fake, uint32_t offset, uint32_t value)
{
    if (offset == 0x00) {
        fake->locality = (value & 0x02) != 0 && fake->fault != FAULT_NO_LOCALITY;
    } else if (offset == 0x18 && (value & 0x40) != 0) {
        fake->state = FAKE_READY;
        fake->command_size = 0;
    } else if (offset == 0x18 && (value & 0x20) != 0) {
        assert_int_equal(fake->state, FAKE_RECEIVING);
        answer(fake);
        fake->state = FAKE_ANSWERING;
    } else if (offset == 0x24) {
        assert_true(fake->state == FAKE_READY || fake->state == FAKE_RECEIVING);
        assert_true(fake->command_size < sizeof(fake->command));
        fake->state = FAKE_RECEIVING;
        fake->command[fake->command_size++] = (uint8_t)value;
    } else {
        fail_msg("write of 0x%x to register 0x%x", value, offset);
    }
}

/* --- Command response buffer --- */

static uint32_t crb_read(struct fake_tpm *fake, uint32_t offset)
{
    switch (offset) {
    case 0x00:
        return (fake->fault == FAULT_NOT_VALID ? 0 : 0x80u) | (fake->locality ? 0x02u : 0);
    case 0x40:
        return fake->fault == FAULT_NEVER_READY ? 1u : fake->fault == FAULT_NEVER_IDLE ? (fake->idle ? 2u : 0u) : 0u;
    case 0x44:
        return (fake->fault == FAULT_ERROR_STATUS && fake->state == FAKE_ANSWERING ? 1u : 0u) | (fake->idle ? 2u : 0u);
    case 0x4c:
        return fake->fault == FAULT_NO_ANSWER && fake->state == FAKE_ANSWERING;
    case 0x58:
    case 0x64:
        return fake->fault == FAULT_BUFFER_SMALL ? 11u : FAKE_TPM_CAPACITY;
    case 0x5c:
    case 0x68:
        return fake->fault == FAULT_BUFFER_ELSEWHERE ? 0x100000u : (uint32_t)FAKE_TPM_BUFFER;
    case 0x60:
    case 0x6c:
        return 0;
    case 0x30:
        return 0x1;
    case 0xf00:
        return 0x00011014;
    default:
        fail_msg("read of register 0x%x", offset);
        return 0;
    }
}

static void crb_write(struct fake_tpm *fake, uint32_t offset, uint32_t value)
{
    if (offset == 0x08) {
        fake->locality = value == 1 && fake->fault != FAULT_NO_LOCALITY;
    } else if (offset == 0x40) {
        fake->idle = value == 2;
        fake->state = value == 2 ? FAKE_IDLE : FAKE_READY;
    } else if (offset == 0x4c) {
        assert_int_equal(value, 1);
        assert_int_equal(fake->state, FAKE_READY);
        fake->command_size = be(fake->memory + 0x80 + 2, 4);
        assert_true(fake->command_size <= FAKE_TPM_CAPACITY);
        memcpy(fake->command, fake->memory + 0x80, fake->command_size);
        answer(fake);
        uint32_t size = fake->answer_size < FAKE_TPM_CAPACITY ? fake->answer_size : FAKE_TPM_CAPACITY;
        memcpy(fake->memory + 0x80, fake->answer, size);
        fake->state = FAKE_ANSWERING;
    } else {
        assert_int_equal(offset, 0x48);
    }
}

/* --- Access --- */

static uint32_t fake_read(const struct tpm_access *access, uint64_t address, uint32_t width)
{
    struct fake_tpm *fake = (struct fake_tpm *)(uintptr_t)access;
    assert_true(address >= FAKE_TPM_BASE && address - FAKE_TPM_BASE + width <= 0x1000);
    uint32_t offset = (uint32_t)(address - FAKE_TPM_BASE);
    if (fake->fault == FAULT_ALL_ONES) {
        return width == 1 ? 0xff : 0xffffffff;
    }
    if (fake->interface == HARDWARE_TPM_FIFO) {
        return fifo_read(fake, offset, width);
    }
    return offset >= 0x80 && offset != 0xf00 ? fake->memory[offset] : crb_read(fake, offset);
}

static void fake_write(const struct tpm_access *access, uint64_t address, uint32_t width, uint32_t value)
{
    struct fake_tpm *fake = (struct fake_tpm *)(uintptr_t)access;
    assert_true(address >= FAKE_TPM_BASE && address - FAKE_TPM_BASE + width <= 0x1000);
    uint32_t offset = (uint32_t)(address - FAKE_TPM_BASE);
    if (fake->interface == HARDWARE_TPM_FIFO) {
        fifo_write(fake, offset, value);
    } else if (offset >= 0x80) {
        fake->memory[offset] = (uint8_t)value;
    } else {
        crb_write(fake, offset, value);
    }
}

static bool fake_reach(const struct tpm_access *access, uint64_t address, uint64_t size)
{
    (void)access;
    return address >= FAKE_TPM_BASE && address < FAKE_TPM_BASE + 0x1000 && size <= FAKE_TPM_BASE + 0x1000 - address;
}

static void fake_delay(const struct tpm_access *access, uint32_t microseconds)
{
    ((struct fake_tpm *)(uintptr_t)access)->time_us += microseconds;
}

void fake_tpm_reset(struct fake_tpm *fake)
{
    fake->commands = 0;
    for (uint32_t i = 0; i < fake->bank_count; i++) {
        for (uint32_t pcr = 0; pcr < 24; pcr++) {
            fake->pcrs[i][pcr] = (struct tpm_digest){.algorithm = fake->banks[i].algorithm,
                                                     .size = (uint16_t)tpm_hash_size(fake->banks[i].algorithm)};
        }
    }
    for (uint32_t i = 0; i < FAKE_TPM_NV; i++) {
        fake->nv[i].attributes &= ~(uint32_t)TPM_NV_WRITELOCKED;
    }
}

void fake_tpm_start(struct fake_tpm *fake, uint32_t interface)
{
    static const uint16_t algorithms[] = {TPM_HASH_SHA1, TPM_HASH_SHA256, TPM_HASH_SHA384};
    memset(fake, 0, sizeof(*fake));
    fake->access = (struct tpm_access){fake_read, fake_write, fake_reach, fake_delay};
    fake->interface = interface;
    fake->idle = true;
    fake->started = true;
    for (uint32_t i = 0; i < 3; i++) {
        fake->banks[fake->bank_count].algorithm = algorithms[i];
        fake->banks[fake->bank_count++].selected = i == 0 ? 0 : 0xffffff;
    }
    fake_tpm_reset(fake);
}

struct hardware_info *fake_tpm_hardware(const struct fake_tpm *fake)
{
    static struct hardware_info hardware;
    memset(&hardware, 0, sizeof(hardware));
    hardware.tpm_start_method = fake->interface == HARDWARE_TPM_CRB ? 7 : 6;
    hardware.tpm_control_area = fake->interface == HARDWARE_TPM_CRB ? FAKE_TPM_BASE + 0x40 : 0;
    return &hardware;
}
