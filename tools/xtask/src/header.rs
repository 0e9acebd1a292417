//! The header of an arm64 `Image`: where the firmware puts it.
//!
//! The kernel finds its own place when it starts, so one build serves every load address: only the
//! header's `text_offset` is written anew. Source: "Booting AArch64 Linux", section 4.

use std::fmt;
use std::str::FromStr;

const TEXT_OFFSET: usize = 8;
const IMAGE_SIZE: usize = 16;
const FLAGS: usize = 24;
const MAGIC: usize = 56;
const MAGIC_BYTES: [u8; 4] = *b"ARM\x64";
/// Bytes of the header.
pub(crate) const LEN: usize = 64;

/// `flags`: little-endian, pages of 4 KiB, anywhere in RAM.
const ANYWHERE_4K: u64 = 0b1010;

/// Distance of the image from the start of RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoadOffset(u64);

impl LoadOffset {
    /// None: firmware and emulator then load at 200000, as `config.txt` says.
    pub(crate) const DEFAULT: Self = Self(0);
    /// Where old firmware loads: another place and another alignment.
    pub(crate) const LOWER: Self = Self(0x8_0000);
}

impl fmt::Display for LoadOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl FromStr for LoadOffset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let offset = u64::from_str_radix(digits, 16).map_err(|e| format!("{text}: {e}"))?;
        // The kernel maps itself by pages.
        if offset % 0x1000 != 0 {
            return Err(format!("{text}: not a multiple of 1000 (hex)"));
        }
        Ok(Self(offset))
    }
}

/// What is wrong with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// Shorter than a header.
    TooShort(usize),
    /// Not an arm64 `Image`.
    Magic([u8; 4]),
    /// `image_size` is 0, and then loaders ignore `text_offset`.
    NoSize,
    /// `image_size` does not cover the file.
    SmallerThanFile { image_size: u64, file: usize },
}

impl std::error::Error for HeaderError {}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort(len) => write!(f, "image of {len} bytes has no room for a header"),
            Self::Magic(found) => write!(f, "image header has magic {found:02x?}, not ARM\\x64"),
            Self::NoSize => write!(f, "image header says image_size 0"),
            Self::SmallerThanFile { image_size, file } => {
                write!(
                    f,
                    "image header says {image_size} bytes, the file has {file}"
                )
            }
        }
    }
}

/// Bytes that the kernel takes in memory, bss included, if the header is sound.
pub(crate) fn image_size(image: &[u8]) -> Result<u64, HeaderError> {
    let Some(header) = image.get(..LEN) else {
        return Err(HeaderError::TooShort(image.len()));
    };
    let magic = [
        header[MAGIC],
        header[MAGIC + 1],
        header[MAGIC + 2],
        header[MAGIC + 3],
    ];
    if magic != MAGIC_BYTES {
        return Err(HeaderError::Magic(magic));
    }
    match read(header, IMAGE_SIZE) {
        0 => Err(HeaderError::NoSize),
        image_size if image_size < image.len() as u64 => Err(HeaderError::SmallerThanFile {
            image_size,
            file: image.len(),
        }),
        image_size => Ok(image_size),
    }
}

/// Asks the loader to put `image` at `load`.
pub(crate) fn set_load(image: &mut [u8], load: LoadOffset) -> Result<(), HeaderError> {
    image_size(image)?;
    write(image, TEXT_OFFSET, load.0);
    Ok(())
}

/// A header for `image_size` bytes whose first instruction is `code0`.
pub(crate) fn header(code0: u32, image_size: u64, load: LoadOffset) -> [u8; LEN] {
    let mut header = [0; LEN];
    header[..4].copy_from_slice(&code0.to_le_bytes());
    write(&mut header, TEXT_OFFSET, load.0);
    write(&mut header, IMAGE_SIZE, image_size);
    write(&mut header, FLAGS, ANYWHERE_4K);
    header[MAGIC..MAGIC + 4].copy_from_slice(&MAGIC_BYTES);
    header
}

fn read(bytes: &[u8], at: usize) -> u64 {
    let field = bytes[at..at + 8].try_into().expect("eight bytes");
    u64::from_le_bytes(field)
}

fn write(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_offset_changes_with_the_load_address() {
        let before = header(0x1400_0010, 0x1000, LoadOffset::DEFAULT);
        let mut after = before;
        set_load(&mut after, LoadOffset::LOWER).unwrap();
        assert_eq!(read(&after, TEXT_OFFSET), 0x8_0000);
        write(&mut after, TEXT_OFFSET, 0);
        assert_eq!(after, before);
    }

    #[test]
    fn an_unsound_header_is_refused_with_its_numbers() {
        assert_eq!(image_size(&[0; 63]), Err(HeaderError::TooShort(63)));
        assert_eq!(image_size(&[0; 64]), Err(HeaderError::Magic([0; 4])));
        let unsized_one = header(0, 0, LoadOffset::DEFAULT);
        assert_eq!(image_size(&unsized_one), Err(HeaderError::NoSize));
        let short = header(0, 63, LoadOffset::DEFAULT);
        let error = HeaderError::SmallerThanFile {
            image_size: 63,
            file: 64,
        };
        assert_eq!(image_size(&short), Err(error));
        assert_eq!(image_size(&header(0, 64, LoadOffset::DEFAULT)), Ok(64));
    }

    #[test]
    fn load_offsets_are_hex_and_whole_pages() {
        assert_eq!("0".parse(), Ok(LoadOffset::DEFAULT));
        assert_eq!("0x80000".parse(), Ok(LoadOffset::LOWER));
        assert!("800".parse::<LoadOffset>().is_err());
        assert!("80001".parse::<LoadOffset>().is_err());
        assert!("x".parse::<LoadOffset>().is_err());
    }
}
