// Copies in RAM. The kernel is compiled without FP registers, so these routines, the only users,
// save the four they need: an interrupt may come at any point and copy on its own.
//
// Misaligned Normal memory is fine for every access here (SCTLR_EL1.A is clear). No byte outside
// the destination is stored to and none outside the source is loaded.
//
// x0 destination, x1 source, x2 length; x0, length x1 for the fill. Clobbers x0-x8 and flags.

.arch_extension simd
.pushsection .text.arch_copy, "ax"

.macro save_v
    sub     sp, sp, #64
    st1     {v0.16b-v3.16b}, [sp]
.endm

.macro restore_v
    ld1     {v0.16b-v3.16b}, [sp], #64
.endm

// One line. With clean, the line is written back once its last byte is stored.
.macro copy_line clean
    ld1     {v0.16b-v3.16b}, [x1], #64
.if \clean
    st1     {v0.16b-v3.16b}, [x0]
    dc      cvac, x0
    add     x0, x0, #64
.else
    st1     {v0.16b-v3.16b}, [x0], #64
.endif
.endm

// Fewer than 64 bytes, by the bits of the length.
.macro copy_rest
    tbz     x2, #5, 1f
    ldp     x3, x4, [x1], #16
    ldp     x5, x6, [x1], #16
    stp     x3, x4, [x0], #16
    stp     x5, x6, [x0], #16
1:  tbz     x2, #4, 1f
    ldp     x3, x4, [x1], #16
    stp     x3, x4, [x0], #16
1:  tbz     x2, #3, 1f
    ldr     x3, [x1], #8
    str     x3, [x0], #8
1:  tbz     x2, #2, 1f
    ldr     w3, [x1], #4
    str     w3, [x0], #4
1:  tbz     x2, #1, 1f
    ldrh    w3, [x1], #2
    strh    w3, [x0], #2
1:  tbz     x2, #0, 1f
    ldrb    w3, [x1]
    strb    w3, [x0], #1
1:
.endm

.macro copy_routine name, clean
.global \name
.type \name, %function
\name:
    cmp     x2, #64
    b.lo    5f
    save_v
    // Whole lines of the destination from here on: store 64 bytes from its start, then step to the
    // next line only. Bytes stored twice get the same value, and the lines they are in are
    // cleaned after the second time.
    ands    x3, x0, #63
    b.eq    2f
    ld1     {v0.16b-v3.16b}, [x1]
    st1     {v0.16b-v3.16b}, [x0]
.if \clean
    dc      cvac, x0
.endif
    mov     x4, #64
    sub     x3, x4, x3
    add     x0, x0, x3
    add     x1, x1, x3
    sub     x2, x2, x3
2:  subs    x2, x2, #512
    b.lo    4f
3:
.rept 8
    copy_line \clean
.endr
    subs    x2, x2, #512
    b.hs    3b
4:  adds    x2, x2, #448
    b.lo    7f
6:  copy_line \clean
    subs    x2, x2, #64
    b.hs    6b
7:  restore_v
    adds    x2, x2, #64
    b.eq    9f
5:
.if \clean
    cbz     x2, 9f
    mov     x7, x0
.endif
    copy_rest
.if \clean
    // Fewer than 64 bytes lie in one line or in two.
    dc      cvac, x7
    sub     x0, x0, #1
    eor     x7, x7, x0
    lsr     x7, x7, #6
    cbz     x7, 9f
    dc      cvac, x0
.endif
9:  ret
.size \name, . - \name
.endm

    .balign 64
    copy_routine arch_copy, 0
    .balign 64
    copy_routine arch_copy_clean, 1

    .balign 64
.global arch_zero
.type arch_zero, %function
arch_zero:
    cmp     x1, #64
    b.lo    5f
    save_v
    movi    v0.16b, #0
    movi    v1.16b, #0
    movi    v2.16b, #0
    movi    v3.16b, #0
    // As above: one store from the start, then whole lines.
    ands    x3, x0, #63
    b.eq    2f
    st1     {v0.16b-v3.16b}, [x0]
    mov     x4, #64
    sub     x3, x4, x3
    add     x0, x0, x3
    sub     x1, x1, x3
2:  subs    x1, x1, #512
    b.lo    4f
3:
.rept 8
    st1     {v0.16b-v3.16b}, [x0], #64
.endr
    subs    x1, x1, #512
    b.hs    3b
4:  adds    x1, x1, #448
    b.lo    7f
6:  st1     {v0.16b-v3.16b}, [x0], #64
    subs    x1, x1, #64
    b.hs    6b
7:  restore_v
    adds    x1, x1, #64
5:  tbz     x1, #5, 1f
    stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
1:  tbz     x1, #4, 1f
    stp     xzr, xzr, [x0], #16
1:  tbz     x1, #3, 1f
    str     xzr, [x0], #8
1:  tbz     x1, #2, 1f
    str     wzr, [x0], #4
1:  tbz     x1, #1, 1f
    strh    wzr, [x0], #2
1:  tbz     x1, #0, 1f
    strb    wzr, [x0]
1:  ret
.size arch_zero, . - arch_zero

.popsection
.arch_extension nosimd
