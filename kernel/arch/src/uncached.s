// Copies to and from uncached memory. Every load there is a transaction on the bus, so no byte is
// loaded twice; stores of 16 bytes side by side are what the store buffer can gather. Objects are
// short: general registers, and no SIMD registers to save. Never `dc zva`, which is for cacheable
// memory.
//
// Aligned where the uncached side is: bounce cells begin on a line. Parts of them may begin anywhere,
// which is fine for Normal memory.
//
// x0 destination, x1 source, x2 length; x0, length x1 for the fill. Clobbers x0-x10 and flags.

.pushsection .text.arch_uncached, "ax"

    .balign 64
.global arch_copy_uncached
.type arch_copy_uncached, %function
arch_copy_uncached:
    subs    x2, x2, #64
    b.lo    2f
1:  ldp     x3, x4, [x1], #64
    ldp     x5, x6, [x1, #-48]
    ldp     x7, x8, [x1, #-32]
    ldp     x9, x10, [x1, #-16]
    stp     x3, x4, [x0], #64
    stp     x5, x6, [x0, #-48]
    stp     x7, x8, [x0, #-32]
    stp     x9, x10, [x0, #-16]
    subs    x2, x2, #64
    b.hs    1b
    cmn     x2, #64
    b.eq    8f
    // Fewer than 64 bytes, by the bits of the length: those of the negative rest are the same.
2:  tbz     x2, #5, 3f
    ldp     x3, x4, [x1], #32
    ldp     x5, x6, [x1, #-16]
    stp     x3, x4, [x0], #32
    stp     x5, x6, [x0, #-16]
3:  tbz     x2, #4, 4f
    ldp     x3, x4, [x1], #16
    stp     x3, x4, [x0], #16
4:  tst     x2, #15
    b.eq    8f
    tbz     x2, #3, 5f
    ldr     x3, [x1], #8
    str     x3, [x0], #8
5:  tbz     x2, #2, 6f
    ldr     w3, [x1], #4
    str     w3, [x0], #4
6:  tbz     x2, #1, 7f
    ldrh    w3, [x1], #2
    strh    w3, [x0], #2
7:  tbz     x2, #0, 8f
    ldrb    w3, [x1]
    strb    w3, [x0]
8:  ret
.size arch_copy_uncached, . - arch_copy_uncached

    .balign 64
.global arch_zero_uncached
.type arch_zero_uncached, %function
arch_zero_uncached:
    // Small steps first: what is filled ends on a line, so the large ones are aligned.
    tbz     x1, #0, 1f
    strb    wzr, [x0], #1
1:  tbz     x1, #1, 2f
    strh    wzr, [x0], #2
2:  tbz     x1, #2, 3f
    str     wzr, [x0], #4
3:  tbz     x1, #3, 4f
    str     xzr, [x0], #8
4:  tbz     x1, #4, 5f
    stp     xzr, xzr, [x0], #16
5:  tbz     x1, #5, 6f
    stp     xzr, xzr, [x0], #32
    stp     xzr, xzr, [x0, #-16]
6:  lsr     x1, x1, #6
    cbz     x1, 8f
7:  stp     xzr, xzr, [x0], #64
    stp     xzr, xzr, [x0, #-48]
    stp     xzr, xzr, [x0, #-32]
    stp     xzr, xzr, [x0, #-16]
    subs    x1, x1, #1
    b.ne    7b
8:  ret
.size arch_zero_uncached, . - arch_zero_uncached

.popsection
