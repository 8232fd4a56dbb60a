/* SPDX-License-Identifier: BSD-2-Clause */
/* For unit tests of the block device: its driver, and a disk whose every byte is known. */
#pragma once

#include "blk_machine.h"

#define DISK_SIZE 0x80000u
#define SECTORS   (DISK_SIZE / 512)

struct blk_driver_request {
    uint64_t header, data, status; /* guest-physical */
    uint32_t length;
    uint16_t id, queue;
};

/* cmocka's, for tests whose server has blocks of 512 bytes, or of 4096; the state is a struct blk_machine. */
int blk_driver_set_up(void **state);
int blk_driver_set_up_large(void **state);
int blk_driver_tear_down(void **state);
#define TEST(name)       cmocka_unit_test_setup_teardown(name, blk_driver_set_up, blk_driver_tear_down)
#define TEST_LARGE(name) cmocka_unit_test_setup_teardown(name, blk_driver_set_up_large, blk_driver_tear_down)

/* What the disk holds at that byte, at first. */
uint8_t disk_content(uint64_t at);
/* Server and device, without a driver. */
void blk_driver_create(struct blk_machine *f);
/* With a driver that wants all features that are offered but those of `without`. */
void blk_driver_start(struct blk_machine *f, uint64_t without);
/* Makes a request available. Its data, in pieces of `piece_size` bytes, is of bytes of `fill`. */
struct blk_driver_request blk_driver_add(struct blk_machine *f, uint32_t queue, uint32_t type, uint64_t sector,
                                         uint32_t length, uint32_t piece_size, uint8_t fill);
/* One request, from its notification to its status. */
struct blk_driver_request blk_driver_ask(struct blk_machine *f, uint32_t type, uint64_t sector, uint32_t length,
                                         uint8_t fill, uint8_t expected);
/* The same of discards or zeroes; each range is sector, count and flags. */
struct blk_driver_request blk_driver_ask_ranges(struct blk_machine *f, uint32_t type, const uint32_t ranges[][3],
                                                uint32_t count, uint8_t expected);
/* 0xee: the device has not said anything yet. */
uint8_t blk_driver_status(struct blk_machine *f, const struct blk_driver_request *r);
uint8_t *blk_driver_data(struct blk_machine *f, const struct blk_driver_request *r);
