// The arm64 Image header and the way down to EL1.
//
// Runs with MMU and caches off at the physical address where the image was loaded: addresses are
// PC-relative, and memory is not written. What was found lives in registers until `upper.s`:
//
//   x19 x0 at entry      x20 exception level      x21 load address
//   x22 SCTLR_EL2        x23 HCR_EL2              x24 CPUECTLR_EL1
//   x25 L2CTLR_EL1       x26 CPUACTLR_EL1         x27 the same after the erratum's remedy
//   x28 virtual address of the device tree, or 0 (`tables.s`)
//   x29 where this core goes on at EL1

        .section .text.head, "ax"
        .globl  _start
_start:
        b       reset
        .long   0
        .quad   {text_offset}
        .quad   __image_size
        .quad   0b1010                  // little-endian, 4 KiB pages, any place in RAM
        .quad   0, 0, 0
        .long   0x644D5241              // "ARM", 64h
        .long   0

// Checked by linker.ld.
        .globl  __layout_kernel_base, __layout_stacks_len
        .set    __layout_kernel_base, {kernel_base}
        .set    __layout_stacks_len, {stacks_len}

reset:
        msr     daifset, #0b1111
        // An ELF loader starts every core here; firmware keeps cores 1-3 in a loop of its own in page 0.
        mrs     x1, mpidr_el1
        tst     x1, #0xFF
        b.ne    park
        mov     x19, x0
        adr     x21, _start
        adr     x29, at_el1
        .irp    found, x22, x23, x24, x25, x26, x27
        mov     \found, xzr
        .endr

// Down to EL1 from wherever this core is, and on at x29.
descend:
        mrs     x20, CurrentEL
        lsr     x20, x20, #2
        cmp     x20, #2
        b.hs    1f
        br      x29
1:      mrs     x22, sctlr_el2
        mrs     x23, hcr_el2
        load_imm x0, SCTLR_EL2_OFF
        msr     sctlr_el2, x0
        isb
        cmp     x20, #2
        b.eq    at_el2

// EL3: no firmware ran. Do what its stub does for the core; `Finding::EnteredAtEl3` tells what it
// does for the rest of the chip.
        mov     x0, #SCR_NS_SMD_HCE_RW
        msr     scr_el3, x0
        msr     cptr_el3, xzr
        msr     mdcr_el3, xzr
        mov     x0, #0x73               // EL2 may write CPUACTLR, CPUECTLR, L2CTLR, L2ECTLR, L2ACTLR
        msr     actlr_el3, x0
        mrs     x0, cntfrq_el0
        cbnz    x0, 1f
        load_imm x0, CRYSTAL_HZ
        msr     cntfrq_el0, x0
1:      bl      is_a72_r0
        b.ne    2f
        mrs     x0, S3_1_C15_C2_1       // CPUECTLR_EL1
        orr     x0, x0, #SMPEN
        msr     S3_1_C15_C2_1, x0
        mrs     x0, S3_1_C11_C0_2       // L2CTLR_EL1: data RAM latency and setup of this chip
        mov     x1, #0x22
        orr     x0, x0, x1
        msr     S3_1_C11_C0_2, x0
        isb
2:      address x0, parked_vectors
        msr     vbar_el3, x0
        adr     x0, at_el2
        msr     elr_el3, x0
        mov     x0, #SPSR_EL2H_MASKED
        msr     spsr_el3, x0
        eret

park:
        wfe
        b       park

// EQ if this core is a Cortex-A72 r0. Uses x0, x1.
is_a72_r0:
        mrs     x0, midr_el1
        load_imm x1, 0xFFF0FFF0
        and     x0, x0, x1
        load_imm x1, 0x4100D080
        cmp     x0, x1
        ret

// EL2: leave nothing to what the loader left behind. No stage 2, no traps, EL1 is AArch64.
at_el2:
        mov     x0, #(1 << 31)          // HCR_EL2.RW; the rest 0: `dc ivac` of EL1 stays what it is
        msr     hcr_el2, x0
        msr     vtcr_el2, x0            // RES1 bit 31
        msr     vttbr_el2, xzr
        mov     x0, #CPTR_EL2_NO_TRAPS
        msr     cptr_el2, x0
        msr     hstr_el2, xzr
        msr     actlr_el2, xzr
        mrs     x0, pmcr_el0            // MDCR_EL2.HPMN: every counter is EL1's
        ubfx    x0, x0, #11, #5
        msr     mdcr_el2, x0
        mov     x0, #0b11               // EL1 may use the physical timer and counter
        msr     cnthctl_el2, x0
        msr     cntvoff_el2, xzr
        msr     cnthp_ctl_el2, xzr
        mrs     x0, midr_el1
        msr     vpidr_el2, x0
        mrs     x0, mpidr_el1
        msr     vmpidr_el2, x0
        address x0, parked_vectors
        msr     vbar_el2, x0
        load_imm x0, SCTLR_EL1_OFF
        msr     sctlr_el1, x0
        bl      apply_errata
        msr     elr_el2, x29
        mov     x0, #SPSR_EL1T_MASKED
        msr     spsr_el2, x0
        eret

// Reads the A72's own registers and switches instruction prefetch off (erratum 859971). Firmware that
// forbids the write (ACTLR_EL3) has set the bit itself: only a clear bit is written. Uses x0-x2.
apply_errata:
        mov     x2, x30
        bl      is_a72_r0
        b.ne    1f
        mrs     x24, S3_1_C15_C2_1      // CPUECTLR_EL1
        mrs     x25, S3_1_C11_C0_2      // L2CTLR_EL1
        mrs     x26, S3_1_C15_C2_0      // CPUACTLR_EL1
        mov     x27, x26
        tbnz    x26, #32, 1f
        orr     x0, x26, #ERRATUM_859971
        dsb     sy
        msr     S3_1_C15_C2_0, x0
        isb
        mrs     x27, S3_1_C15_C2_0
1:      ret     x2
