/* SPDX-License-Identifier: BSD-2-Clause */
/* The storage service with disks in the test's memory, a clock that the test moves, and the clients' ends. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <storage.h>

#define BLOCK           512u
#define CAPACITY        16u
#define DATA_SIZE       0x20000u
#define FREQUENCY       1000000u
#define FIXTURE_DISKS   4u
#define FIXTURE_MANAGER 9u       /* channel */
#define MEDIUM_SIZE     0x40000u /* of each disk */
#define OVERLAY_MEMORY  0x8000u

struct storage_client {
    struct block_queue_handle queue;
    uint8_t *data;
    const struct block_storage_info *info;
    uint32_t notifications;
    uint32_t next_id;
};

struct storage_fixture {
    struct storage storage;
    struct storage_config config;
    struct storage_counters counters;
    struct storage_request request;
    uint32_t manager_notifications;
    uint8_t *media[FIXTURE_DISKS], *overlays[FIXTURE_DISKS];
    uint32_t *maps[FIXTURE_DISKS];
    void *pages[FIXTURE_DISKS][4]; /* requests, responses, data, info */
    struct storage_client clients[FIXTURE_DISKS];
};

extern uint64_t fixture_now, fixture_deadline;
extern char fixture_report[160];

/* Disk 0 and 1: memory; 2: an overlay; 3: an image. Each byte of the media of 2 and 3 is fixture_byte() of its
 * place. Change f->config, then fixture_start(). */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);
void fixture_start(struct storage_fixture *f);
uint8_t fixture_byte(uint64_t place);

/* Queues a request, without telling the server. Returns its id. */
uint32_t fixture_queue(struct storage_client *client, uint32_t code, uint64_t offset, uint64_t block, uint16_t count);
/* Lets the server go on until it has nothing to do, moving the clock to each deadline. */
void fixture_serve(struct storage_fixture *f);
/* Takes the next response; fails if there is none. */
struct block_response fixture_response(struct storage_client *client);
/* One request, carried out: its status. */
uint32_t fixture_do(struct storage_fixture *f, uint32_t disk, uint32_t code, uint64_t offset, uint64_t block,
                    uint16_t count);
