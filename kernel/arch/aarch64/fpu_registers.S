/* SPDX-License-Identifier: BSD-2-Clause */
/* Saving and loading the vector registers; CPTR_EL2 lets EL2 use them. */
    .arch armv8.2-a+fp+simd+sve

    /* area: 512 bytes, then FPCR and FPSR in 8 bytes each; changed. Use X2, X3. */
    .macro SAVE_SIMD area
    stp q0, q1, [\area]
    stp q2, q3, [\area, #32]
    stp q4, q5, [\area, #64]
    stp q6, q7, [\area, #96]
    stp q8, q9, [\area, #128]
    stp q10, q11, [\area, #160]
    stp q12, q13, [\area, #192]
    stp q14, q15, [\area, #224]
    stp q16, q17, [\area, #256]
    stp q18, q19, [\area, #288]
    stp q20, q21, [\area, #320]
    stp q22, q23, [\area, #352]
    stp q24, q25, [\area, #384]
    stp q26, q27, [\area, #416]
    stp q28, q29, [\area, #448]
    stp q30, q31, [\area, #480]
    mrs x2, fpcr
    mrs x3, fpsr
    add \area, \area, #512
    stp x2, x3, [\area]
    .endm

    .macro LOAD_SIMD area
    ldp q0, q1, [\area]
    ldp q2, q3, [\area, #32]
    ldp q4, q5, [\area, #64]
    ldp q6, q7, [\area, #96]
    ldp q8, q9, [\area, #128]
    ldp q10, q11, [\area, #160]
    ldp q12, q13, [\area, #192]
    ldp q14, q15, [\area, #224]
    ldp q16, q17, [\area, #256]
    ldp q18, q19, [\area, #288]
    ldp q20, q21, [\area, #320]
    ldp q22, q23, [\area, #352]
    ldp q24, q25, [\area, #384]
    ldp q26, q27, [\area, #416]
    ldp q28, q29, [\area, #448]
    ldp q30, q31, [\area, #480]
    add \area, \area, #512
    ldp x2, x3, [\area]
    msr fpcr, x2
    msr fpsr, x3
    .endm

    .text
    .globl fpu_save_simd
fpu_save_simd:
    SAVE_SIMD x0
    ret

    .globl fpu_load_simd
fpu_load_simd:
    LOAD_SIMD x0
    ret

    /* X0: where to save, X1: what to load. */
    .globl fpu_exchange_simd
fpu_exchange_simd:
    SAVE_SIMD x0
    LOAD_SIMD x1
    ret

    /* X0: Z0..Z31, P0..P15, FFR, each of its size; X1: FPCR and FPSR. */
    .globl fpu_save_sve
fpu_save_sve:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    str z\n, [x0, #\n, mul vl]
    .endr
    addvl x0, x0, #31
    addvl x0, x0, #1
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    str p\n, [x0, #\n, mul vl]
    .endr
    rdffr p0.b
    str p0, [x0, #16, mul vl]
    mrs x2, fpcr
    mrs x3, fpsr
    stp x2, x3, [x1]
    ret

    .globl fpu_load_sve
fpu_load_sve:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ldr z\n, [x0, #\n, mul vl]
    .endr
    addvl x0, x0, #31
    addvl x0, x0, #1
    ldr p0, [x0, #16, mul vl]
    wrffr p0.b
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    ldr p\n, [x0, #\n, mul vl]
    .endr
    ldp x2, x3, [x1]
    msr fpcr, x2
    msr fpsr, x3
    ret

    /* Bytes of a vector. */
    .globl fpu_read_vector_length
fpu_read_vector_length:
    rdvl x0, #1
    ret

    .section .note.GNU-stack, "", @progbits
