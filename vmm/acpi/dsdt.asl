/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Differentiated system description table of the virtual PC: what a kernel cannot
 * find by itself. Addresses come from the map that the device models use.
 */
#include "pc_map.h"

DefinitionBlock ("", "DSDT", 2, "SKYSCP", "SKYSCOPE", 1)
{
    /* Interrupt controllers in use: 0 the 8259 pair, 1 the APICs. */
    Name (PICM, 0)
    Method (_PIC, 1, NotSerialized)
    {
        PICM = Arg0
    }

    /* PC_GPE_PCI_SLOTS: what was put in is looked for, what is to leave is ejected, what was pulled is missed. */
    External (\_SB.PCI0.SNOT, MethodObj)
    Scope (_GPE)
    {
        Method (_E01, 0, Serialized)
        {
            Local0 = \_SB.PCI0.SCHG
            \_SB.PCI0.SCHG = Local0
            Local1 = \_SB.PCI0.SLEV
            \_SB.PCI0.SLEV = Local1
            Local2 = \_SB.PCI0.SPRS
            If (CondRefOf (\_SB.PCI0.SNOT))
            {
                \_SB.PCI0.SNOT (Local0 & Local2, 1)
                \_SB.PCI0.SNOT (Local1 & Local2, 3)
            }
            If ((Local0 & ~Local2) != 0)
            {
                Notify (\_SB.PCI0, 0)
            }
        }
    }

    /* Soft off */
    Name (_S5, Package () { PC_SLEEP_TYPE_S5, PC_SLEEP_TYPE_S5, 0, 0 })

    Scope (_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A08"))
            Name (_CID, EisaId ("PNP0A03"))
            Name (_SEG, 0)
            Name (_BBN, 0)
            Name (_UID, 0)

            Name (_CRS, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0, 0, PC_ECAM_LAST_BUS, 0, 1)
                IO (Decode16, PC_PORT_PCI_CONFIG, PC_PORT_PCI_CONFIG, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0, PC_PCI_IO_BASE, PC_PCI_IO_LAST, 0, PC_PCI_IO_SIZE)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0, PC_PCI_WINDOW_BASE, PC_PCI_WINDOW_LAST, 0, PC_PCI_WINDOW_SIZE)
            })

            /* Slots whose devices come and go; the secondary table has a device for each. */
            OperationRegion (SLTR, SystemIO, PC_PORT_PCI_SLOTS, PC_PCI_SLOTS_SIZE)
            Field (SLTR, DWordAcc, NoLock, WriteAsZeros)
            {
                SCHG, 32, /* bit per slot: a device was put in or pulled; writing 1 clears */
                SLEV, 32, /* the guest is asked to let it go; writing 1 clears */
                SPRS, 32, /* a device is there */
                SEJT, 32  /* writing 1 ejects it */
            }

            /* Nothing of PCI Express is handed over: no hot plug, no errors, no power events. */
            Method (_OSC, 4, NotSerialized)
            {
                CreateDWordField (Arg3, 0, STAT)
                If (Arg0 != ToUUID ("33DB4D5B-1FF7-401C-9657-7441C03DD766"))
                {
                    STAT |= 4
                    Return (Arg3)
                }
                If (Arg2 >= 3)
                {
                    CreateDWordField (Arg3, 8, CTRL)
                    If (CTRL != 0)
                    {
                        STAT |= 0x10
                        CTRL = 0
                    }
                }
                Return (Arg3)
            }

            /* Line (device + pin) mod 4: GSI 16..19, or ISA interrupts 10 and 11 in turn. */
            Method (_PRT, 0, Serialized)
            {
                Local0 = Package (128) {}
                Local1 = 0
                While (Local1 < 128)
                {
                    Local2 = Local1 >> 2
                    Local3 = (Local1 + Local2) & 3
                    If (PICM == 0)
                    {
                        Local3 = (Local3 & 1) + PC_ISA_PCI_FIRST
                    }
                    Else
                    {
                        Local3 += PC_GSI_PCI_FIRST
                    }
                    Local4 = Package (4) { 0, 0, 0, 0 }
                    Local4 [0] = (Local2 << 16) | 0xffff
                    Local4 [1] = Local1 & 3
                    Local4 [3] = Local3
                    Local0 [Local1] = Local4
                    Local1++
                }
                Return (Local0)
            }
        }

        /* Interrupt controllers */
        Device (PIC)
        {
            Name (_HID, EisaId ("PNP0000"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, PC_PORT_PIC_MASTER, PC_PORT_PIC_MASTER, 1, 2)
                IO (Decode16, PC_PORT_PIC_SLAVE, PC_PORT_PIC_SLAVE, 1, 2)
                IO (Decode16, PC_PORT_PIC_ELCR, PC_PORT_PIC_ELCR, 1, 2)
                IRQNoFlags () { 2 }
            })
        }

        /* Interval timer */
        Device (TIMR)
        {
            Name (_HID, EisaId ("PNP0100"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, PC_PORT_PIT, PC_PORT_PIT, 1, 4)
                IRQNoFlags () { PC_GSI_PIT }
            })
        }

        /* Real-time clock */
        Device (RTC)
        {
            Name (_HID, EisaId ("PNP0B00"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, PC_PORT_RTC, PC_PORT_RTC, 1, 2)
                IRQNoFlags () { PC_GSI_RTC }
            })
        }

        /* First serial port */
        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, PC_PORT_COM1, PC_PORT_COM1, 1, 8)
                IRQNoFlags () { PC_GSI_COM1 }
            })
        }

        /* What else is taken */
        Device (MBRD)
        {
            Name (_HID, EisaId ("PNP0C02"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, PC_PORT_SYSTEM_B, PC_PORT_SYSTEM_B, 1, 1)
                IO (Decode16, PC_PORT_POST, PC_PORT_POST, 1, 1)
                IO (Decode16, PC_PORT_SYSTEM_A, PC_PORT_SYSTEM_A, 1, 1)
                IO (Decode16, PC_PORT_PM1_EVENT, PC_PORT_PM1_EVENT, 1, 16)
                IO (Decode16, PC_PORT_PCI_SLOTS, PC_PORT_PCI_SLOTS, 1, PC_PCI_SLOTS_SIZE)
                Memory32Fixed (ReadWrite, PC_ECAM_BASE, PC_ECAM_SIZE)
                Memory32Fixed (ReadWrite, PC_IOAPIC_BASE, PC_IOAPIC_SIZE)
                Memory32Fixed (ReadWrite, PC_LAPIC_BASE, PC_LAPIC_SIZE)
            })
        }
    }
}
