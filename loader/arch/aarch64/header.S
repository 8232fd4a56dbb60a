/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file's first page: the header of an arm64 Linux Image (Linux,
 * Documentation/arch/arm64/booting.rst), by which QEMU, U-Boot and GRUB know it,
 * and those of a PE32+ UEFI application (PE format, chapters 2 to 4; UEFI 2.10,
 * section 2.1.1), by which firmware does. There are no PE relocations, because the
 * loader relocates itself.
 */

#define IMAGE_FLAGS       0xa /* little-endian, pages of 4 KiB, anywhere in memory */
#define PE_MACHINE        0xaa64
#define PE_CHARACTERISTIC 0x0206 /* executable, no line numbers, no debugging */
#define PE_OPTIONAL_MAGIC 0x020b
#define PE_SUBSYSTEM      10    /* EFI application */
#define PE_DLL            0x100 /* nothing is writable and executable */
#define PE_ALIGNMENT      0x1000
#define PE_DIRECTORIES    6
#define PE_TEXT           0x60000020
#define PE_RODATA         0x40000040
#define PE_DATA           0xc0000040

    .section .head, "ax"
    .globl image_start
image_start:
    ccmp x18, #0, #0xd, pl /* changes the flags only; its first bytes are "MZ" */
    b image_entry
    .quad 0 /* offset from a multiple of 2 MiB */
    .long header_image_size, 0
    .quad IMAGE_FLAGS
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long pe_header - image_start

    .balign 8
pe_header:
    .ascii "PE\0\0"
    .short PE_MACHINE
    .short 3 /* sections */
    .long 0, 0, 0
    .short optional_end - optional_header
    .short PE_CHARACTERISTIC
optional_header:
    .short PE_OPTIONAL_MAGIC
    .byte 2, 20 /* linker version */
    .long header_text_size
    .long header_rodata_size
    .long 0
    .long uefi_entry - image_start
    .long text_start - image_start
    .quad 0 /* preferred address: any */
    .long PE_ALIGNMENT, PE_ALIGNMENT
    .short 0, 0, 0, 0, 0, 0 /* versions */
    .long 0
    .long header_image_size
    .long text_start - image_start /* size of the headers */
    .long 0 /* checksum */
    .short PE_SUBSYSTEM, PE_DLL
    .quad 0, 0, 0, 0 /* stack and heap */
    .long 0
    .long PE_DIRECTORIES
    .quad 0, 0, 0, 0, 0, 0
optional_end:
    .ascii ".text\0\0\0"
    .long header_text_size
    .long text_start - image_start
    .long header_text_size
    .long text_start - image_start
    .long 0, 0, 0
    .long PE_TEXT
    .ascii ".rodata\0"
    .long header_rodata_size
    .long text_end - image_start
    .long header_rodata_size
    .long text_end - image_start
    .long 0, 0, 0
    .long PE_RODATA
    .ascii ".data\0\0\0"
    .long header_data_size
    .long rodata_end - image_start
    .long header_data_file_size
    .long rodata_end - image_start
    .long 0, 0, 0
    .long PE_DATA

    .section .note.GNU-stack, "", @progbits
