// Vector table of EL1, and the one way in and out of Rust.
//
// Every entry saves all general registers in a `Frame` on SP_EL1 (offsets as in frame.rs) and calls
// arch_exception(&mut Frame). What that changes in the frame is what `eret` returns to.
//
// Faults in a handler, of which nothing returns, get the emergency stack: their cause may be that
// SP_EL1 has overflowed. It ends where the core's stacks end (hal::layout), so its top needs no
// memory to be read. TPIDR_EL0 and TPIDRRO_EL0 are scratch there, since EL0 is not used.

.pushsection .text.arch_vectors, "ax"

// Entry from thread code (SP_EL0).
.macro from_thread vector
    .balign 0x80
    sub     sp, sp, #{FRAME}
    stp     x0, x1, [sp]
    mov     x0, #\vector
    mrs     x1, sp_el0
    b       arch_save
.endm

// Interrupt while a handler runs with interrupts on.
.macro from_handler vector
    .balign 0x80
    sub     sp, sp, #{FRAME}
    stp     x0, x1, [sp]
    mov     x0, #\vector
    add     x1, sp, #{FRAME}
    b       arch_save
.endm

// What cannot be resumed.
.macro from_anywhere vector
    .balign 0x80
    msr     tpidr_el0, x0
    msr     tpidrro_el0, x1
    mrs     x0, mpidr_el1
    and     x0, x0, #{CORES_MASK}
    add     x0, x0, #1
    mov     x1, #{STRIDE_PAGES}
    mul     x0, x0, x1
    adrp    x1, __stacks_start          // on a page boundary
    add     x0, x1, x0, lsl #{PAGE_SHIFT}
    mov     x1, sp
    sub     sp, x0, #{FRAME}
    str     x1, [sp, #304]
    mrs     x0, tpidr_el0
    mrs     x1, tpidrro_el0
    stp     x0, x1, [sp]
    ldr     x1, [sp, #304]
    mov     x0, #\vector
    b       arch_save
.endm

    .balign 0x800
.global arch_vectors
arch_vectors:
    from_thread 0               // current EL on SP_EL0: synchronous, IRQ, FIQ, SError
    from_thread 1
    from_thread 2
    from_thread 3
    from_anywhere 4             // current EL on SP_EL1
    from_handler 5
    from_anywhere 6
    from_anywhere 7
    from_anywhere 8             // EL0, AArch64: nothing runs there
    from_anywhere 9
    from_anywhere 10
    from_anywhere 11
    from_anywhere 12            // EL0, AArch32
    from_anywhere 13
    from_anywhere 14
    from_anywhere 15
    .balign 0x80

// x0 = vector, x1 = stack pointer before; x0 and x1 of the interrupted code are in the frame.
arch_save:
    stp     x1, x0, [sp, #304]
    stp     x2, x3, [sp, #16 * 1]
    stp     x4, x5, [sp, #16 * 2]
    stp     x6, x7, [sp, #16 * 3]
    stp     x8, x9, [sp, #16 * 4]
    stp     x10, x11, [sp, #16 * 5]
    stp     x12, x13, [sp, #16 * 6]
    stp     x14, x15, [sp, #16 * 7]
    stp     x16, x17, [sp, #16 * 8]
    stp     x18, x19, [sp, #16 * 9]
    stp     x20, x21, [sp, #16 * 10]
    stp     x22, x23, [sp, #16 * 11]
    stp     x24, x25, [sp, #16 * 12]
    stp     x26, x27, [sp, #16 * 13]
    stp     x28, x29, [sp, #16 * 14]
    mrs     x1, sp_el0
    stp     x30, x1, [sp, #16 * 15]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    stp     x2, x3, [sp, #256]
    mrs     x4, esr_el1
    mrs     x5, far_el1
    stp     x4, x5, [sp, #272]
    // The frame record that leads a backtrace into the interrupted code.
    stp     x29, x2, [sp, #288]
    add     x29, sp, #288
    mov     x0, sp
    bl      arch_exception

    ldp     x2, x3, [sp, #256]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldp     x30, x1, [sp, #16 * 15]
    msr     sp_el0, x1
    ldp     x2, x3, [sp, #16 * 1]
    ldp     x4, x5, [sp, #16 * 2]
    ldp     x6, x7, [sp, #16 * 3]
    ldp     x8, x9, [sp, #16 * 4]
    ldp     x10, x11, [sp, #16 * 5]
    ldp     x12, x13, [sp, #16 * 6]
    ldp     x14, x15, [sp, #16 * 7]
    ldp     x16, x17, [sp, #16 * 8]
    ldp     x18, x19, [sp, #16 * 9]
    ldp     x20, x21, [sp, #16 * 10]
    ldp     x22, x23, [sp, #16 * 11]
    ldp     x24, x25, [sp, #16 * 12]
    ldp     x26, x27, [sp, #16 * 13]
    ldp     x28, x29, [sp, #16 * 14]
    ldp     x0, x1, [sp], #{FRAME}
    eret

.popsection
