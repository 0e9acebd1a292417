//! The data ports of the SD controllers: registers that a DMA channel reads or fills, word by word.
//!
//! They move nothing by themselves. What the channel moves on its other side is checked like any
//! transfer; here it is seen that the channel stays at the port and does not walk over the
//! controller's other registers.

use super::control_block::Side;

/// Arasan EMMC1, EMMC2, and SDHOST: BUFFER of the first two, SDDATA of the last.
const PORTS: [u64; 3] = [0xFE30_0020, 0xFE34_0020, 0xFE20_2040];
/// Bytes of one controller's registers.
const BLOCK: u64 = 0x100;

/// Whether `side`, which names registers, stays at one of them, at the port if they are an SD
/// controller's. A side that walks has lost its way: physical addresses of RAM just below 2 GiB look
/// like registers on the bus.
pub(super) fn suits(side: &Side, register: u64) -> bool {
    let controller = PORTS.iter().find(|port| *port / BLOCK == register / BLOCK);
    !side.advances && controller.is_none_or(|port| *port == register)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(advances: bool) -> Side {
        Side {
            bus: 0,
            advances,
            stride: 0,
        }
    }

    #[test]
    fn a_port_is_used_in_place() {
        assert!(suits(&side(false), 0xFE30_0020));
        assert!(!suits(&side(true), 0xFE30_0020), "walks over registers");
        assert!(!suits(&side(false), 0xFE30_0024), "not the port");
        assert!(suits(&side(false), 0xFE20_1000), "not a card's business");
        assert!(!suits(&side(true), 0xFE20_1000), "RAM is meant");
    }
}
