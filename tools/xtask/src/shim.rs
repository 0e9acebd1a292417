//! A few instructions in front of the kernel that change x0.
//!
//! QEMU refuses malformed device trees, firmware in the field does not. So the shim is what the
//! loader starts: it points x0 wherever a test wants, and goes on to the kernel behind it, which
//! finds itself at another multiple of 2 MiB.

use crate::header::{self, LoadOffset};

/// What x0 shall be when the kernel starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum X0 {
    /// The address of these bytes, laid down 8 bytes aligned in the shim.
    Blob(Vec<u8>),
    /// This number.
    Value(u64),
}

/// Where the shim keeps its bytes.
const BLOB_AT: usize = 0x1000;
/// Where the kernel stands behind it: its alignment to 2 MiB stays what it was.
const KERNEL_AT: usize = 0x20_0000;

/// The image that sets x0 and runs `kernel`.
///
/// # Panics
/// If the blob does not fit in front of the kernel.
pub(crate) fn wrap(kernel: &[u8], x0: &X0) -> Vec<u8> {
    let mut image = vec![0; KERNEL_AT];
    let mut code = set_x0(x0, header::LEN);
    code.push(branch(KERNEL_AT - header::LEN - 4 * code.len()));
    place(
        &mut image,
        header::LEN,
        &code
            .iter()
            .flat_map(|i| i.to_le_bytes())
            .collect::<Vec<_>>(),
    );
    if let X0::Blob(blob) = x0 {
        assert!(
            blob.len() <= KERNEL_AT - BLOB_AT,
            "blob of {} bytes",
            blob.len()
        );
        place(&mut image, BLOB_AT, blob);
    }
    image.extend_from_slice(kernel);
    // The kernel's bss lies behind the file.
    let in_memory = header::image_size(kernel).unwrap_or(kernel.len() as u64) + KERNEL_AT as u64;
    place(
        &mut image,
        0,
        &header::header(branch(header::LEN), in_memory, LoadOffset::DEFAULT),
    );
    image
}

fn place(image: &mut [u8], at: usize, bytes: &[u8]) {
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The instructions, of which the first stands at `at`.
fn set_x0(x0: &X0, at: usize) -> Vec<u32> {
    match x0 {
        X0::Blob(_) => vec![adr_x0(BLOB_AT - at)],
        X0::Value(value) => (0..4).map(|part| mov_x0(*value, part)).collect(),
    }
}

/// `b .+distance`
fn branch(distance: usize) -> u32 {
    0x1400_0000 | (distance / 4) as u32
}

/// `adr x0, .+distance`
fn adr_x0(distance: usize) -> u32 {
    let distance = distance as u32;
    0x1000_0000 | (distance & 3) << 29 | (distance >> 2) << 5
}

/// `movz`/`movk x0, #(16 bits of value), lsl #(16 * part)`
fn mov_x0(value: u64, part: u32) -> u32 {
    let bits = (value >> (16 * part)) as u32 & 0xFFFF;
    let opcode = if part == 0 { 0xD280_0000 } else { 0xF280_0000 };
    opcode | part << 21 | bits << 5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(image: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(image[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn instructions_are_as_an_assembler_writes_them() {
        assert_eq!(branch(0x40), 0x1400_0010); // b .+64
        assert_eq!(adr_x0(0xFC0), 0x1000_7E00); // adr x0, .+0xfc0
        assert_eq!(mov_x0(0x100, 0), 0xD280_2000); // mov x0, #0x100
        assert_eq!(mov_x0(0xDEAD_0000, 1), 0xF2BB_D5A0); // movk x0, #0xdead, lsl #16
    }

    #[test]
    fn the_shim_points_at_its_blob_and_ends_in_the_kernel() {
        let kernel = header::header(0x1400_0010, 0x3000, LoadOffset::DEFAULT);
        let image = wrap(&kernel, &X0::Blob(b"blob".to_vec()));
        assert_eq!(&image[BLOB_AT..BLOB_AT + 4], b"blob");
        assert_eq!(&image[KERNEL_AT..], kernel);
        let branch_at = header::LEN + 4;
        let distance = (word(&image, branch_at) & 0x03FF_FFFF) as usize * 4;
        assert_eq!(branch_at + distance, KERNEL_AT);
    }

    #[test]
    fn the_shims_own_header_covers_the_kernels_bss() {
        let kernel = header::header(0x1400_0010, 0x3000, LoadOffset::DEFAULT);
        let image = wrap(&kernel, &X0::Value(!0));
        assert_eq!(header::image_size(&image), Ok(KERNEL_AT as u64 + 0x3000));
    }
}
