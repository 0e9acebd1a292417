// Runs a function so that a trap in it can be abandoned.
//
// arch_catch(x0 = function, x1 = its argument, x2 = Resume): 0 if the function returned. A handler
// that loads the saved registers and goes to the saved x30 makes it return 1 instead.

.pushsection .text.arch_catch, "ax"
.global arch_catch
.type arch_catch, %function
arch_catch:
    stp     x19, x20, [x2, #16 * 0]
    stp     x21, x22, [x2, #16 * 1]
    stp     x23, x24, [x2, #16 * 2]
    stp     x25, x26, [x2, #16 * 3]
    stp     x27, x28, [x2, #16 * 4]
    mov     x9, sp
    str     x9, [x2, #16 * 6]
    // Last: a saved x30 tells the handler that the rest is there.
    stp     x29, x30, [x2, #16 * 5]
    stp     x29, x30, [sp, #-16]!
    mov     x29, sp
    mov     x9, x0
    mov     x0, x1
    blr     x9
    ldp     x29, x30, [sp], #16
    mov     x0, #0
    ret
.size arch_catch, . - arch_catch
.popsection
