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

/// Whether `side`, which names registers, is what an SD controller takes. Registers of other devices
/// are not judged.
pub(super) fn suits(side: &Side, register: u64) -> bool {
    let controller = PORTS.iter().find(|port| *port / BLOCK == register / BLOCK);
    controller.is_none_or(|port| *port == register && !side.advances)
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
        assert!(suits(&side(true), 0xFE20_1000), "not a card's business");
    }
}
