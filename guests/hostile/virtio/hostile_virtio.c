/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breaks every rule of virtio's drivers, on every device and transport that its machine has, and sees what becomes of
 * the device. Says so at the end of each round: how often each rule was broken, and what state was found. Then it rests
 * until it is told, by a character on its console: g goes on until the next one, x starts the machine anew. Whenever
 * that changes it says so with a number that it has not said before: consoles repeat what they have shown.
 */
#include "provocation.h"

#define GLANCE 4u /* in which one that must not answer does not */
#define KINDS  128u

static const struct provocation *const suites[] = {
    ring_provocations, setup_provocations,   register_provocations,
    pci_provocations,  request_provocations, console_provocations,
};

static const char *const outcome_names[OUTCOMES] = {"needs a reset", "goes on", "refused", "reset"};

struct tally {
    const char *name;
    uint32_t count, surprises;
    enum outcome expected;
};

static struct device devices[MAX_DEVICES];
static uint32_t device_count;
static struct tally tallies[KINDS];
static uint32_t total, surprises, exceptions;
static uint32_t changes;

uint64_t random_state = 0x9e3779b97f4a7c15ull;

uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

const struct device *other_device(const struct device *device)
{
    for (uint32_t i = 0; i < device_count; i++) {
        if (devices[i].transport == TRANSPORT_PCI && devices[i].function != device->function) {
            return &devices[i];
        }
    }
    return NULL;
}

uint64_t address_of(struct address address)
{
    const uint64_t bases[] = {
        [AT_ZERO] = 0,
        [AT_POOL] = pool_base(),
        [AT_BUFFERS] = BUFFERS,
        [AT_TABLE] = TABLE,
        [AT_RAM_END] = machine.ram_base + MEMORY_SIZE,
        [AT_INTERRUPTS] = machine.interrupts,
    };
    return bases[address.base] + address.offset;
}

/* --- Output --- */

static void print_number(uint64_t value, uint32_t base)
{
    char digits[24];
    uint32_t i = sizeof(digits) - 1;
    digits[i] = '\0';
    do {
        digits[--i] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    print(digits + i);
}

void surprise(const struct device *device, const char *provocation, const char *what, uint64_t value)
{
    surprises++;
    print("hostile: SURPRISE: ");
    print(device_name(device));
    print(device->ring.packed ? ", packed" : ", split");
    print(": after ");
    print(provocation);
    print(": ");
    print(what);
    print(" 0x");
    print_number(value, 16);
    print("\r\n");
}

static struct tally *tally_of(const struct provocation *provocation)
{
    uint32_t i = 0;
    while (i + 1 < KINDS && tallies[i].name != NULL && tallies[i].name != provocation->name) {
        i++;
    }
    tallies[i].name = provocation->name;
    tallies[i].expected = provocation->expected;
    return &tallies[i];
}

/* --- One provocation --- */

static void check_needs_reset(struct device *device, const char *name)
{
    uint8_t status = device_status(device);
    if (!device_is_legacy(device) && (status & STATUS_NEEDS_RESET) == 0) {
        surprise(device, name, "it does not ask for a reset, status", status);
    }
    (void)ring_take(device);
    if (device->ring.size != 0) {
        device_request(device);
        if (device_answers(device, GLANCE)) {
            surprise(device, name, "it answers, status", device_status(device));
        }
    }
}

static void check_goes_on(struct device *device, const char *name)
{
    uint8_t status = device_status(device);
    if ((status & STATUS_NEEDS_RESET) != 0) {
        surprise(device, name, "it asks for a reset, status", status);
        return;
    }
    (void)ring_take(device);
    device_request(device);
    if (!device_answers(device, PATIENCE)) {
        surprise(device, name, "it does not answer, status", device_status(device));
    }
}

static void check_reset(struct device *device, const char *name)
{
    device_set_status(device, 0);
    if (device_status(device) != 0) {
        surprise(device, name, "status after a reset is", device_status(device));
    }
    device_set_up(device);
    device_request(device);
    if (!device_answers(device, PATIENCE)) {
        surprise(device, name, "it does not answer after a reset, status", device_status(device));
    }
    device_set_status(device, 0);
}

static void act(uint64_t device_address, uint64_t provocation_address)
{
    struct device *device = (struct device *)(uintptr_t)device_address;
    const struct provocation *provocation = (const struct provocation *)(uintptr_t)provocation_address;
    if (provocation->piece != NULL) {
        offer_piece(device, provocation->piece);
    } else if (provocation->queue != NULL) {
        start_queue(device, provocation->queue);
    } else {
        provocation->act(device);
    }
}

static void provoke(struct device *device, const struct provocation *provocation, uint64_t features)
{
    struct tally *tally = tally_of(provocation);
    uint32_t before = surprises;
    device->wanted = device_needs(device) | features | provocation->features;
    device->ring.size = 0;
    if ((provocation->places & BARE) == 0) {
        device_set_up(device);
    }
    if (attempt(act, (uintptr_t)device, (uintptr_t)provocation)) {
        exceptions++;
        surprise(device, provocation->name, "an exception, as if a register were missing,", exceptions);
        race_stop(device, provocation->name);
    }
    switch (provocation->expected) {
    case OUTCOME_NEEDS_RESET:
        check_needs_reset(device, provocation->name);
        break;
    case OUTCOME_GOES_ON:
        check_goes_on(device, provocation->name);
        break;
    case OUTCOME_REFUSED:
        if ((device_status(device) & STATUS_FEATURES_OK) != 0) {
            surprise(device, provocation->name, "FEATURES_OK stays, status", device_status(device));
        }
        break;
    default:
        break;
    }
    check_reset(device, provocation->name);
    total++;
    tally->count++;
    tally->surprises += surprises - before;
}

static bool fits(const struct device *device, const struct provocation *provocation, bool packed)
{
    uint32_t places = provocation->places;
    if (((places & ON_CONSOLES_ONLY) != 0 && device->type != TYPE_CONSOLE) ||
        ((places & ON_PCI_ONLY) != 0 && device->transport != TRANSPORT_PCI) ||
        ((places & ON_PORTS_ONLY) != 0 && device->transport != TRANSPORT_PORTS) ||
        ((places & ON_MMIO_LEGACY_ONLY) != 0 && device->transport != TRANSPORT_MMIO_LEGACY)) {
        return false;
    }
    return (places & (device_is_legacy(device) ? ON_LEGACY : packed ? ON_PACKED : ON_SPLIT)) != 0;
}

static void provoke_device(struct device *device)
{
    uint32_t formats = device_is_legacy(device) ? 1 : 2;
    uint32_t before = total;
    uint32_t surprises_before = surprises;
    for (uint32_t packed = 0; packed < formats; packed++) {
        for (uint32_t suite = 0; suite < sizeof(suites) / sizeof(suites[0]); suite++) {
            for (const struct provocation *p = suites[suite]; p->name != NULL; p++) {
                if (fits(device, p, packed != 0)) {
                    provoke(device, p, packed != 0 ? F_PACKED : 0);
                }
            }
        }
    }
    print("hostile: ");
    print(device_name(device));
    print(": ");
    print_number(total - before, 10);
    print(" provocations, ");
    print_number(surprises - surprises_before, 10);
    print(" surprises\r\n");
}

/* --- Rounds --- */

static void say(const char *what, uint64_t number)
{
    print("hostile: ");
    print(what);
    print(", ");
    print_number(number, 10);
    print("\r\n");
}

static void report(uint64_t seed)
{
    for (uint32_t i = 0; i < KINDS && tallies[i].name != NULL; i++) {
        print("hostile: ");
        print(tallies[i].name);
        print(": ");
        print_number(tallies[i].count, 10);
        print(tallies[i].surprises == 0 ? " times, " : " times, NOT: ");
        print(outcome_names[tallies[i].expected]);
        print("\r\n");
        tallies[i] = (struct tally){0};
    }
    print("hostile: ");
    print_number(total, 10);
    print(" provocations of ");
    print_number(device_count, 10);
    print(" devices, ");
    print_number(surprises, 10);
    print(" surprises, ");
    print_number(exceptions, 10);
    print(" exceptions, seed 0x");
    print_number(seed, 16);
    print("\r\n");
}

/* False: told to stop. */
static bool round_of_provocations(char *told)
{
    uint64_t seed = random_state;
    total = surprises = exceptions = 0;
    for (uint32_t i = 0; i < device_count; i++) {
        provoke_device(&devices[i]);
        *told = machine_read_character();
        if (*told != '\0') {
            return false;
        }
    }
    report(seed);
    return true;
}

void guest_main(void)
{
    machine_map();
    device_count = device_find_all(devices);
    random_state ^= machine_now() << 20;
    say("begins", machine_now());
    char told = '\0';
    (void)round_of_provocations(&told);
    for (;;) {
        say("rests", ++changes);
        while (told != 'g' && told != 'x') {
            uint64_t end = machine_now() + 100 * machine_millisecond();
            while (machine_now() < end) {
            }
            told = machine_read_character();
        }
        if (told == 'x') {
            machine_restart();
        }
        told = '\0';
        say("goes on", ++changes);
        while (round_of_provocations(&told)) {
        }
    }
}
