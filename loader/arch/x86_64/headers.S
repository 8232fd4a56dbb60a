/* SPDX-License-Identifier: BSD-2-Clause */
/* What boot loaders look for in the file: Multiboot 1, Multiboot 2 and PVH. */

#define MULTIBOOT1_MAGIC 0x1badb002
#define MULTIBOOT1_FLAGS 0x3 /* modules on page boundaries; memory map */
#define MULTIBOOT2_MAGIC 0xe85250d6
#define XEN_ELFNOTE_PHYS32_ENTRY 18

    .section .boot_headers, "a"
    .balign 4
    .long MULTIBOOT1_MAGIC
    .long MULTIBOOT1_FLAGS
    .long -(MULTIBOOT1_MAGIC + MULTIBOOT1_FLAGS)

    .balign 8
multiboot2_header:
    .long MULTIBOOT2_MAGIC
    .long 0 /* i386, protected mode */
    .long multiboot2_end - multiboot2_header
    .long -(MULTIBOOT2_MAGIC + (multiboot2_end - multiboot2_header))
    /* Information request: command line, modules, memory map. */
    .word 1, 0
    .long 20
    .long 1, 3, 6
    .balign 8
    /* Information request, optional: frame buffer, EFI tables, ACPI RSDPs. */
    .word 1, 1
    .long 28
    .long 8, 11, 12, 14, 15
    .balign 8
    /* Console: VGA text is understood, none is required. */
    .word 4, 1
    .long 12
    .long 2
    .balign 8
    /* Frame buffer, optional: any size, 32 bits per pixel. */
    .word 5, 1
    .long 20
    .long 0, 0, 32
    .balign 8
    /* Modules on page boundaries. */
    .word 6, 0
    .long 8
    /* End. */
    .word 0, 0
    .long 8
multiboot2_end:

    .section .note.pvh, "a", @note
    .balign 4
    .long 4 /* bytes of the name */
    .long 8 /* bytes of the description: QEMU reads eight */
    .long XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long pvh_entry
    .long 0
