// The first page tables. At EL1, caches off.
//
// Only the tables are written before the MMU is on. Those stores go past the caches, so lines of the
// tables are dropped before (nothing stale may be written back over them) and after (nothing
// fetched by speculation meanwhile may answer a table walk).

// Maps the pages from the address in x1 up to `end` with the given rights; x1 moves on.
.macro  map_up_to end, rights
        address x2, \end
        load_imm x3, (\rights)
        bl      map_pages
.endm

// Invalidates every line of the tables to the point of coherency. Uses x0-x3.
drop_table_lines:
        mrs     x0, ctr_el0
        ubfx    x0, x0, #16, #4         // DminLine, log2 of words
        mov     x3, #4
        lsl     x3, x3, x0
        address x1, __tables_start
        address x2, __tables_end
        dmb     sy
1:      dc      ivac, x1
        add     x1, x1, x3
        cmp     x1, x2
        b.lo    1b
        dsb     sy
        ret

// Uses x1, x2.
clear_tables:
        address x1, __tables_start
        address x2, __tables_end
1:      stp     xzr, xzr, [x1], #16
        cmp     x1, x2
        b.lo    1b
        ret

// The image, page by page. Guard pages keep their empty entries. Uses x0-x6.
fill_image:
        mov     x6, x30
        mov     x1, x21
        map_up_to __text_end, MAP_TEXT
        map_up_to __rodata_end, MAP_RODATA
        map_up_to __stacks_start, MAP_DATA
1:      mov     x4, #{exception_stack}
        bl      map_stack
        mov     x4, #{main_stack}
        bl      map_stack
        mov     x4, #{emergency_stack}
        bl      map_stack
        address x4, __image_end
        cmp     x1, x4
        b.lo    1b
        ret     x6

// Maps x4 bytes of stack above the guard page at x1. Uses x2-x5; x1 moves on; x3 holds the rights.
map_stack:
        add     x1, x1, #{stack_guard}
        add     x2, x1, x4

// Maps the pages of the image from x1 up to x2 with the rights in x3. Uses x4, x5.
map_pages:
        address x5, __table_image
        sub     x4, x1, x21
        add     x5, x5, x4, lsr #9      // 8 bytes per 4 KiB
1:      orr     x4, x1, x3
        str     x4, [x5], #8
        add     x1, x1, #4096
        cmp     x1, x2
        b.lo    1b
        ret

// Root and level 2 of the upper half: image tables, peripherals. Uses x0-x4.
fill_upper:
        address x0, __table_upper
        address x1, __table_upper_top
        orr     x2, x1, #TABLE_ENTRY
        str     x2, [x0, #({kernel_l1} * 8)]
        address x2, __table_upper_devices
        orr     x3, x2, #TABLE_ENTRY
        str     x3, [x0, #({device_l1} * 8)]

        add     x1, x1, #({kernel_l2} * 8)
        address x3, __table_image
        orr     x3, x3, #TABLE_ENTRY
        address x4, __tables_end
1:      str     x3, [x1], #8
        add     x3, x3, #4096
        cmp     x3, x4
        b.lo    1b

        add     x2, x2, #({device_l2} * 8)
        load_imm x3, (MAP_DEVICE | {peripherals})
        mov     x4, #{peripheral_blocks}
2:      str     x3, [x2], #8
        add     x3, x3, #BLOCK
        subs    x4, x4, #1
        b.ne    2b
        ret

// The window on the device tree, if x0 at entry can point at one: not 0, on 8 bytes, the window below
// 1 GiB, where every board has RAM. Whether a tree is there is for Rust to find out. Uses x0-x2.
fill_fdt:
        mov     x28, xzr
        cbz     x19, 1f
        tst     x19, #0b111
        b.ne    1f
        load_imm x0, (GIB - {fdt_window_len})
        cmp     x19, x0
        b.hs    1f
        and     x1, x19, #~(BLOCK - 1)
        load_imm x2, MAP_FDT
        orr     x1, x1, x2
        address x0, __table_upper_top
        add     x0, x0, #({fdt_l2} * 8)
        str     x1, [x0]
        add     x1, x1, #BLOCK
        str     x1, [x0, #8]
        and     x1, x19, #(BLOCK - 1)
        load_imm x28, {fdt_window}
        add     x28, x28, x1
1:      ret

// One page at its own address in the lower half: this code, while the MMU goes on. Uses x0-x3.
fill_lower:
        address x0, __table_lower
        address x1, __table_lower_2
        orr     x2, x1, #TABLE_ENTRY
        ubfx    x3, x21, #30, #9
        str     x2, [x0, x3, lsl #3]
        address x0, __table_lower_3
        orr     x2, x0, #TABLE_ENTRY
        ubfx    x3, x21, #21, #9
        str     x2, [x1, x3, lsl #3]
        load_imm x2, MAP_TEXT
        orr     x2, x2, x21
        ubfx    x3, x21, #12, #9
        str     x2, [x0, x3, lsl #3]
        ret
