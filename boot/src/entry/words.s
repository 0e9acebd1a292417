// Constants, and macros for addresses, that all files of the entry use.

.macro  load_imm reg, value
        movz    \reg, #((\value) & 0xFFFF)
        movk    \reg, #(((\value) >> 16) & 0xFFFF), lsl #16
        movk    \reg, #(((\value) >> 32) & 0xFFFF), lsl #32
        movk    \reg, #(((\value) >> 48) & 0xFFFF), lsl #48
.endm

// Address of a symbol as the running code sees it: physical before the step upwards, virtual after.
.macro  address reg, symbol
        adrp    \reg, \symbol
        add     \reg, \reg, :lo12:\symbol
.endm

// Exception levels.
.set    SCR_NS_SMD_HCE_RW,  0x5B1       // RES1 bits 5:4; no monitor here, so `smc` is undefined
.set    SCTLR_EL2_OFF,      0x30C50830  // RES1 bits alone: MMU and caches off, little-endian
.set    CPTR_EL2_NO_TRAPS,  0x33FF      // RES1 bits alone
.set    SPSR_EL2H_MASKED,   0x3C9
.set    SPSR_EL1T_MASKED,   0x3C4
.set    CRYSTAL_HZ,         54000000

// Cortex-A72.
.set    SMPEN,              1 << 6
.set    ERRATUM_859971,     1 << 32     // CPUACTLR_EL1: no instruction prefetch

// EL1. On: MMU, data cache, stack alignment (EL1, EL0), instruction cache, writable is never executable.
.set    SCTLR_EL1_OFF,      0x30D00800
.set    SCTLR_EL1_ON,       SCTLR_EL1_OFF | (1 << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 12) | (1 << 19)
.set    CPACR_FPEN,         3 << 20

// Both halves: 39 bits, 4 KiB pages; walks are write-back cacheable and inner shareable.
.set    TCR_T0,             25 | (1 << 8) | (1 << 10) | (3 << 12)
.set    TCR_T1,             (25 << 16) | (1 << 24) | (1 << 26) | (3 << 28) | (2 << 30)
.set    TCR_EPD0,           1 << 7

// Table entries.
.set    TABLE_ENTRY,        0b11
.set    PAGE_ENTRY,         0b11
.set    BLOCK_ENTRY,        0b01
.set    READ_ONLY,          1 << 7
.set    INNER_SHAREABLE,    3 << 8
.set    ACCESSED,           1 << 10
.set    XN,                 (1 << 53) | (1 << 54)
.set    UXN,                1 << 54
.set    NORMAL,             ({attr_normal} << 2) | INNER_SHAREABLE | ACCESSED
.set    DEVICE,             ({attr_device} << 2) | ACCESSED

.set    MAP_TEXT,           NORMAL | READ_ONLY | UXN | PAGE_ENTRY
.set    MAP_RODATA,         NORMAL | READ_ONLY | XN | PAGE_ENTRY
.set    MAP_DATA,           NORMAL | XN | PAGE_ENTRY
.set    MAP_FDT,            NORMAL | READ_ONLY | XN | BLOCK_ENTRY
.set    MAP_DEVICE,         DEVICE | XN | BLOCK_ENTRY

.set    BLOCK,              1 << 21
.set    GIB,                1 << 30
