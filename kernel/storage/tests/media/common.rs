//! Cards in memory, made by other people's code, and a device that reads them.

#![expect(unsafe_code, reason = "a buffer for a device that has no DMA")]

use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};
use hal::{DmaBuffer, NoPages, PhysAddr, PhysRange, Zone};
use mbrman::{BOOT_INACTIVE, CHS, MBRHeader, MBRPartitionEntry};
use std::cell::Cell;
use std::io::{Cursor, Write};
use std::ops::Range;
use storage::{BlockDevice, Buffers, Failed, Windowed};

/// First byte of the partition.
pub(crate) const START: usize = 64 * 512;
/// Bytes of a cluster.
pub(crate) const CLUSTER: usize = 1024;

pub(crate) struct Memory {
    bytes: Vec<u8>,
    owned: PhysRange,
    window: PhysRange,
}

// SAFETY: no device is given the address, and the window changes only where the buffer is owned.
unsafe impl DmaBuffer for Memory {
    fn range(&self) -> PhysRange {
        self.window
    }
    fn owned(&self) -> PhysRange {
        self.owned
    }
}

impl Windowed for Memory {
    fn with_window(self, offset: u64, len: u64) -> Result<Self, Self> {
        match self.owned.slice(offset, len) {
            Some(window) => Ok(Self { window, ..self }),
            None => Err(self),
        }
    }
}

impl Memory {
    fn place(&self) -> Range<usize> {
        let offset = self.window.start().offset_from(self.owned.start());
        let start = offset.expect("inside") as usize;
        start..start + self.window.len() as usize
    }
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.place()]
    }
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let place = self.place();
        &mut self.bytes[place]
    }
}

/// Hands out buffers of at most so many bytes, and counts them.
pub(crate) struct Heap {
    pub(crate) most: u64,
    pub(crate) made: Cell<usize>,
}

impl Default for Heap {
    fn default() -> Self {
        let made = Cell::new(0);
        Self {
            most: u64::MAX,
            made,
        }
    }
}

pub(crate) fn memory(bytes: u64) -> Memory {
    let range = PhysRange::new(PhysAddr::new(0x4000_0000), bytes).expect("not empty");
    Memory {
        bytes: vec![0xA5; bytes as usize],
        owned: range,
        window: range,
    }
}

impl Buffers for Heap {
    type Buffer = Memory;
    type View<'a> = &'a [u8];

    fn alloc(&self, wanted: u64) -> Result<Memory, NoPages> {
        let (zone, free) = (Zone::High, self.most);
        self.made.set(self.made.get() + 1);
        match wanted <= self.most {
            true => Ok(memory(wanted)),
            false => Err(NoPages { wanted, zone, free }),
        }
    }
    fn resize(&self, buffer: Memory, bytes: u64) -> Result<Memory, Memory> {
        buffer.with_window(0, bytes)
    }
    fn bytes<'a>(&'a self, buffer: &'a Memory) -> &'a [u8] {
        buffer.bytes()
    }
}

/// An image that fails in the blocks `broken`, and keeps the buffer then.
pub(crate) struct Card {
    pub(crate) image: Vec<u8>,
    pub(crate) broken: Range<u64>,
    pub(crate) longest: u64,
}

impl Card {
    pub(crate) fn new(image: Vec<u8>) -> Self {
        let (broken, longest) = (0..0, 0);
        Self {
            image,
            broken,
            longest,
        }
    }
}

impl BlockDevice for Card {
    type Buffer = Memory;
    type Error = &'static str;

    fn block_count(&self) -> u64 {
        self.image.len() as u64 / 512
    }
    fn read(&mut self, lba: u64, mut to: Memory) -> Result<Memory, Failed<Memory, &'static str>> {
        let (at, len) = (lba as usize * 512, to.bytes().len());
        assert!(len.is_multiple_of(512) && at + len <= self.image.len());
        self.longest = self.longest.max(len as u64);
        let end = lba + len as u64 / 512;
        if lba < self.broken.end && self.broken.start < end {
            let (error, buffer) = ("no answer", None);
            return Err(Failed { error, buffer });
        }
        to.bytes_mut().copy_from_slice(&self.image[at..at + len]);
        Ok(to)
    }
}

/// Path and bytes of everything on a card.
pub(crate) fn files() -> Vec<(String, Vec<u8>)> {
    let plan = [
        ("EMPTY.BIN", 0),
        ("one.bin", 1),
        ("cluster and one.bin", CLUSTER + 1),
        (
            "Grüße aus Köln, 日本語のファイル名 und sehr viel mehr.txt",
            3000,
        ),
        ("tree/branch/Blätter im Wind.bin", 20_000),
        ("torn.bin", 40 * CLUSTER + 5),
        ("torn too.bin", 40 * CLUSTER),
        ("LARGE.BIN", (2 << 20) + 13),
    ];
    let fill = |len: usize, n: usize| (0..len).map(|i| (i * 31 + i / 997 + n) as u8).collect();
    let many = (0..40).map(|n| (format!("many/file number {n}.bin"), 10 * n));
    let plan = plan.map(|(path, len)| (path.to_owned(), len));
    let all = plan.into_iter().chain(many).enumerate();
    all.map(|(n, (path, len))| (path, fill(len, n))).collect()
}

/// A card with these files; FAT16 or FAT32.
pub(crate) fn card(kind: FatType) -> Vec<u8> {
    let (len, sys) = match kind {
        FatType::Fat32 => (72 << 20, 0x0C),
        _ => (16 << 20, 0x06),
    };
    let mut image = vec![0; len];
    let mut table = MBRHeader::new(*b"test");
    table.partition_1 = MBRPartitionEntry {
        boot: BOOT_INACTIVE,
        first_chs: CHS::empty(),
        sys,
        last_chs: CHS::empty(),
        starting_lba: (START / 512) as u32,
        sectors: ((len - START) / 512) as u32,
    };
    table
        .write_into(&mut Cursor::new(&mut image[..]))
        .expect("table");
    let options = FormatVolumeOptions::new()
        .fat_type(kind)
        .bytes_per_cluster(CLUSTER as u32);
    fatfs::format_volume(Cursor::new(&mut image[START..]), options).expect("format");
    fill(&mut image);
    image
}

/// Directories of the volumes here.
pub(crate) type Dir<'r, 'a> = fatfs::Dir<'r, Cursor<&'a mut [u8]>>;

/// Lets `change` work on the root of a card's volume.
pub(crate) fn edit(image: &mut [u8], change: impl FnOnce(&Dir<'_, '_>)) {
    let volume = Cursor::new(&mut image[START..]);
    let volume = FileSystem::new(volume, FsOptions::new()).expect("volume");
    change(&volume.root_dir());
}

/// Where a directory entry with this short name is in the image.
pub(crate) fn entry(image: &[u8], short: &[u8; 11]) -> usize {
    let at = image.windows(11).position(|window| window == short);
    at.expect("a short name")
}

fn fill(image: &mut [u8]) {
    edit(image, fill_root);
}

fn fill_root(root: &Dir<'_, '_>) {
    for dir in ["tree", "tree/branch", "many"] {
        root.create_dir(dir).expect(dir);
    }
    let (torn, whole): (Vec<_>, Vec<_>) =
        files().into_iter().partition(|f| f.0.starts_with("torn"));
    for (path, bytes) in &whole {
        root.create_file(path)
            .expect(path)
            .write_all(bytes)
            .expect(path);
    }
    let mut open: Vec<_> = torn
        .iter()
        .map(|f| root.create_file(&f.0).expect("torn"))
        .collect();
    for at in (0..torn[0].1.len()).step_by(CLUSTER) {
        for (file, (_, bytes)) in open.iter_mut().zip(&torn) {
            let piece = bytes.get(at..bytes.len().min(at + CLUSTER));
            file.write_all(piece.unwrap_or_default()).expect("torn");
        }
    }
}
