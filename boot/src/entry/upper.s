// In the upper half, MMU and caches on: bss, the handoff, the stacks, Rust.

// The two stacks above the guard page at \bottom, and no caller: there the backtrace ends.
.macro  take_stacks bottom
        add     \bottom, \bottom, #({stack_guard} + {exception_stack})
        msr     spsel, #1
        mov     sp, \bottom
        msr     spsel, #0
        add     \bottom, \bottom, #{stack_guard}
        add     sp, \bottom, #{main_stack}
        mov     x29, xzr
        mov     x30, xzr
.endm

        .section .text.upper, "ax"
start_kernel:
        address x0, parked_vectors      // until the kernel installs its own
        msr     vbar_el1, x0
        address x1, __bss_start
        address x2, __bss_end
1:      cmp     x1, x2
        b.hs    2f
        stp     xzr, xzr, [x1], #16
        b       1b

2:      address x0, handoff
        str     x19, [x0, #{x0_at_entry}]
        str     x28, [x0, #{fdt}]
        str     x21, [x0, #{load}]
        str     x20, [x0, #{entry_el}]
        str     x22, [x0, #{sctlr_el2}]
        str     x23, [x0, #{hcr_el2}]
        str     x24, [x0, #{cpuectlr}]
        str     x25, [x0, #{l2ctlr}]
        str     x26, [x0, #{cpuactlr_found}]
        str     x27, [x0, #{cpuactlr}]
        mrs     x1, midr_el1
        str     x1, [x0, #{midr}]
        mrs     x1, mpidr_el1
        str     x1, [x0, #{mpidr}]
        mrs     x1, cntfrq_el0
        str     x1, [x0, #{cntfrq}]
        mrs     x1, ctr_el0
        str     x1, [x0, #{ctr}]
        mrs     x1, id_aa64mmfr0_el1
        str     x1, [x0, #{mmfr0}]

        address x1, __stacks_start
        take_stacks x1
        b       kernel_main

// Taken by whoever faults before the kernel has vectors of its own: stand still.
        .section .text.vectors, "ax"
        .balign 2048
parked_vectors:
        .rept   16
1:      wfe
        b       1b
        .balign 128
        .endr

        .section .bss.handoff, "aw", %nobits
        .balign 64
handoff:
        .skip   {handoff_len}
