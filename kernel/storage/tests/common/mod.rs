//! Cards in memory, made by other people's code, and a device that reads them.

#![expect(unsafe_code, reason = "a buffer for a device that has no DMA")]

use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};
use hal::{DmaBuffer, NoPages, PhysAddr, PhysRange, Zone};
use mbrman::{BOOT_INACTIVE, CHS, MBRHeader, MBRPartitionEntry};
use std::cell::Cell;
use std::io::{Cursor, Write};
use storage::{BlockDevice, Buffers, Failed};

/// First byte of the partition.
pub(crate) const START: usize = 64 * 512;
/// Bytes of a cluster.
pub(crate) const CLUSTER: usize = 1024;

pub(crate) struct Memory(Vec<u8>, PhysRange);

// SAFETY: no device is given the address, and the window changes only in `resize`, which owns it.
unsafe impl DmaBuffer for Memory {
    fn range(&self) -> PhysRange {
        self.1
    }
    fn owned(&self) -> PhysRange {
        self.1
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

fn memory(bytes: u64) -> Memory {
    let range = PhysRange::new(PhysAddr::new(0x4000_0000), bytes).expect("not empty");
    Memory(vec![0xA5; bytes as usize], range)
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
        match bytes as usize <= buffer.0.len() {
            true => Ok(memory(bytes)),
            false => Err(buffer),
        }
    }
    fn bytes<'a>(&'a self, buffer: &'a Memory) -> &'a [u8] {
        &buffer.0
    }
}

/// An image that counts requests and fails from block `broken` on.
pub(crate) struct Card {
    pub(crate) image: Vec<u8>,
    pub(crate) broken: u64,
    pub(crate) longest: u64,
}

impl Card {
    pub(crate) fn new(image: Vec<u8>) -> Self {
        let (broken, longest) = (u64::MAX, 0);
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
        let (at, len) = (lba as usize * 512, to.0.len());
        assert!(len.is_multiple_of(512) && at + len <= self.image.len());
        self.longest = self.longest.max(len as u64);
        if lba + len as u64 / 512 > self.broken {
            let (error, buffer) = ("no answer", None);
            return Err(Failed { error, buffer });
        }
        to.0.copy_from_slice(&self.image[at..at + len]);
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
    fill(&mut image[START..]);
    image
}

fn fill(volume: &mut [u8]) {
    let volume = FileSystem::new(Cursor::new(volume), FsOptions::new()).expect("volume");
    let root = volume.root_dir();
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
