//! `map` and `unmap` of objects of the heap, which may share their lines with their neighbours.

use super::map::pairs;
use super::row::Row;
use super::{Group, Stand, Trouble};
use arch::Board;
use dma::{Bidirectional, FromDevice, ToDevice};
use hal::Zone;
use mm::HeapBuf;

/// Bytes that a driver asks the heap for.
const SIZES: [u64; 17] = [
    1, 8, 16, 24, 32, 48, 64, 72, 80, 96, 100, 112, 128, 160, 192, 256, 512,
];

pub(super) const GROUPS: &[Group] = &[("kmalloc/heap", count)];

fn count(stand: &Stand) -> Result<(), Trouble> {
    let device = &stand.devices.plain;
    for size in SIZES {
        let row = Row {
            config: stand.config,
            section: "kmalloc",
            case: "heap",
            dir: None,
            size,
            live: 0,
            place: None,
        };
        let mut object: HeapBuf<Board> = stand.memory.heap.alloc_buf(size as usize, Zone::Dma)?;
        object = pairs(stand, device, row, object, ToDevice)?;
        object = pairs(stand, device, row, object, FromDevice)?;
        pairs(stand, device, row, object, Bidirectional)?;
    }
    Ok(())
}
