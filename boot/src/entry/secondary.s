// The way of cores 1-3, from the firmware's release to Rust.
//
// As the boot core's, save that all tables are there: the one-to-one page for the step upwards is
// still mapped by the first tables, and the kernel's own root stands in SECONDARY_ROOT, written back
// to memory, since this core reads it with its caches off.

        .section .text.head, "ax"
        .globl  secondary_entry
secondary_entry:
        msr     daifset, #0b1111
        adr     x29, secondary_at_el1
        b       descend

secondary_at_el1:
        bl      set_registers
        address x1, {secondary_root}
        ldr     x1, [x1]
        ldr     x2, =start_secondary
        b       turn_on
        .ltorg

        .section .text.upper, "ax"
start_secondary:
        address x0, parked_vectors      // until the kernel installs its own
        msr     vbar_el1, x0
        mrs     x0, mpidr_el1
        and     x0, x0, #{cores_mask}
        load_imm x1, {stack_stride}
        address x2, __stacks_start
        madd    x1, x0, x1, x2
        take_stacks x1
        b       secondary_main          // the core's number in x0
