// EL1: registers, page tables, MMU and caches on, and the step into the upper half.

// The boot core: makes the tables.
at_el1:
        bl      set_registers
        bl      drop_table_lines
        bl      clear_tables
        bl      fill_image
        bl      fill_upper
        bl      fill_fdt
        bl      fill_lower
        bl      drop_table_lines
        address x1, __table_upper
        ldr     x2, =start_kernel       // the linker's address, not the one the code runs at

// MMU and caches on, with the root in x1 for the upper half; on at x2 there. Uses x0, x3, x4.
turn_on:
        load_imm x0, {mair}
        msr     mair_el1, x0
        load_imm x0, (TCR_T0 | TCR_T1)
        mrs     x3, id_aa64mmfr0_el1    // IPS: as many physical bits as there are, at most 48
        and     x3, x3, #0xF
        mov     x4, #5
        cmp     x3, x4
        csel    x3, x3, x4, lo
        orr     x0, x0, x3, lsl #32
        msr     tcr_el1, x0
        address x3, __table_lower
        msr     ttbr0_el1, x3
        msr     ttbr1_el1, x1
        isb
        tlbi    vmalle1
        ic      iallu
        dsb     nsh
        isb
        ldr     x3, =upper
        load_imm x4, SCTLR_EL1_ON
        msr     sctlr_el1, x4
        isb
        br      x3

// x0 is TCR_EL1.
upper:
        orr     x0, x0, #TCR_EPD0       // the lower half is gone from here on
        msr     tcr_el1, x0
        isb
        msr     ttbr0_el1, xzr
        tlbi    vmalle1
        dsb     nsh
        isb
        br      x2

// Everything that the kernel relies on at EL1, MMU and caches off. Uses x0.
set_registers:
        msr     spsel, #0
        load_imm x0, SCTLR_EL1_OFF
        msr     sctlr_el1, x0
        mov     x0, #CPACR_FPEN         // the copy routines use v0-v3
        msr     cpacr_el1, x0
        address x0, parked_vectors
        msr     vbar_el1, x0
        msr     mdscr_el1, xzr
        msr     cntkctl_el1, xzr
        msr     cntp_ctl_el0, xzr
        msr     cntv_ctl_el0, xzr
        msr     pmuserenr_el0, xzr
        msr     contextidr_el1, xzr
        msr     csselr_el1, xzr
        msr     amair_el1, xzr
        msr     tpidr_el1, xzr
        msr     tpidr_el0, xzr
        msr     tpidrro_el0, xzr
        isb
        ret
        .ltorg
