//! The image in memory: which pages have which rights, and where the stacks and their guards are.
//!
//! The page tables of the entry map exactly [`Image::parts`]; who builds the next ones maps the same.

use core::ops::Range;
use hal::layout::{
    EMERGENCY_STACK, EXCEPTION_STACK, KERNEL_BASE, MAIN_STACK, STACK_GUARD, STACK_STRIDE,
    STACKS_LEN,
};
use hal::{CpuId, MAX_CPUS, PhysAddr, PhysRange};

/// Where the image lies. Offsets are bytes from [`KERNEL_BASE`], on page boundaries, rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Where it was loaded.
    pub load: PhysAddr,
    /// End of text, start of read-only data.
    pub text_end: u64,
    /// End of read-only data, start of what may be written.
    pub rodata_end: u64,
    /// End of data, bss and first page tables; the stacks of all cores follow.
    pub stacks_start: u64,
    /// End of the image.
    pub end: u64,
}

/// What may be done with a part of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Read and execute.
    Text,
    /// Read.
    ReadOnly,
    /// Read and write.
    ReadWrite,
}

/// Pages of the image with the same rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Address of the first page.
    pub virt: u64,
    /// The RAM behind it.
    pub phys: PhysRange,
    /// What may be done there.
    pub rights: Rights,
}

/// Which of a core's stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackKind {
    /// For exceptions (SP_EL1).
    Exception,
    /// For everything else (SP_EL0).
    Main,
    /// For faults in handlers (SP_EL1 again): the exception stack may be what overflowed.
    Emergency,
}

impl StackKind {
    /// All of them, in rising order.
    const ALL: [Self; 3] = [Self::Exception, Self::Main, Self::Emergency];

    /// Bytes from the start of a core's stacks to this one's lowest byte.
    const fn bottom(self) -> u64 {
        match self {
            Self::Exception => STACK_GUARD,
            Self::Main => Self::Exception.end() + STACK_GUARD,
            Self::Emergency => Self::Main.end() + STACK_GUARD,
        }
    }

    const fn len(self) -> u64 {
        match self {
            Self::Exception => EXCEPTION_STACK,
            Self::Main => MAIN_STACK,
            Self::Emergency => EMERGENCY_STACK,
        }
    }

    const fn end(self) -> u64 {
        self.bottom() + self.len()
    }
}

/// A stack of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Whose it is.
    pub cpu: CpuId,
    /// What it is for.
    pub kind: StackKind,
    /// Its addresses; the stack pointer starts with the end.
    pub range: Range<u64>,
    /// Unmapped addresses below it: a fault there is this stack's overflow.
    pub guard: Range<u64>,
}

impl Image {
    /// All RAM of the image, guard pages included: nobody else's.
    pub fn phys(&self) -> PhysRange {
        PhysRange::new(self.load, self.end).expect("the image is not empty and was loaded in RAM")
    }

    /// Every mapped part, in rising order. Guard pages are the gaps.
    pub fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        let image = *self;
        let sections = [
            (0, self.text_end, Rights::Text),
            (self.text_end, self.rodata_end, Rights::ReadOnly),
            (self.rodata_end, self.stacks_start, Rights::ReadWrite),
        ];
        let sections = sections.map(|(from, to, rights)| image.part(from, to - from, rights));
        let stacks = self.stacks().map(move |stack| {
            let offset = stack.range.start - KERNEL_BASE;
            image.part(offset, stack.kind.len(), Rights::ReadWrite)
        });
        sections.into_iter().chain(stacks)
    }

    /// The stacks of all cores, in rising order.
    pub fn stacks(&self) -> impl Iterator<Item = Stack> + use<> {
        let image = *self;
        let cpus = (0..MAX_CPUS).filter_map(CpuId::new);
        cpus.flat_map(move |cpu| StackKind::ALL.map(|kind| image.stack(cpu, kind)))
    }

    /// One stack of one core.
    pub const fn stack(&self, cpu: CpuId, kind: StackKind) -> Stack {
        let stacks = KERNEL_BASE + self.stacks_start;
        let bottom = stacks + STACK_STRIDE * cpu.index() as u64 + kind.bottom();
        Stack {
            cpu,
            kind,
            range: bottom..bottom + kind.len(),
            guard: bottom - STACK_GUARD..bottom,
        }
    }

    fn part(&self, offset: u64, len: u64, rights: Rights) -> Part {
        let phys = self.phys().slice(offset, len);
        Part {
            virt: KERNEL_BASE + offset,
            phys: phys.expect("linker.ld puts every section inside the image"),
            rights,
        }
    }

    /// The physical address behind an address of the image, guard pages included.
    pub fn to_phys(&self, virt: u64) -> Option<PhysAddr> {
        let offset = virt.checked_sub(KERNEL_BASE)?;
        self.phys().slice(offset, 1).map(PhysRange::start)
    }
}

// The vectors take the end of a core's stacks for the top of its emergency stack.
const _: () = assert!(StackKind::Emergency.end() == STACK_STRIDE);
const _: () = assert!(STACKS_LEN.is_multiple_of(STACK_STRIDE));

#[cfg(test)]
mod tests {
    use super::*;
    use hal::PAGE;

    const IMAGE: Image = Image {
        load: PhysAddr::new(0x8_0000),
        text_end: 0x4000,
        rodata_end: 0x6000,
        stacks_start: 0x1_0000,
        end: 0x1_0000 + STACKS_LEN,
    };

    #[test]
    fn parts_and_guard_pages_make_up_the_image_without_overlap() {
        let (mut end, mut guards) = (KERNEL_BASE, IMAGE.stacks().map(|stack| stack.guard));
        for part in IMAGE.parts() {
            if part.virt != end {
                assert_eq!(Some(end..part.virt), guards.next());
                assert_eq!(part.virt - end, PAGE);
            }
            end = part.virt + part.phys.len();
            assert_eq!(IMAGE.to_phys(part.virt), Some(part.phys.start()));
        }
        assert_eq!((end - KERNEL_BASE, guards.next()), (IMAGE.end, None));
    }

    #[test]
    fn only_text_is_executable_and_it_is_not_writable() {
        let rights = |at: u64| {
            let at = KERNEL_BASE + at;
            let mut parts = IMAGE.parts();
            parts
                .find(|p| (p.virt..p.virt + p.phys.len()).contains(&at))
                .map(|p| p.rights)
        };
        assert_eq!(rights(0x3FFF), Some(Rights::Text));
        assert_eq!(rights(0x4000), Some(Rights::ReadOnly));
        assert_eq!(rights(0x6000), Some(Rights::ReadWrite));
        assert_eq!(rights(0x1_0000), None);
    }

    #[test]
    fn each_stack_has_its_length_above_a_guard_of_its_own() {
        let lens = [EXCEPTION_STACK, MAIN_STACK, EMERGENCY_STACK];
        let mut end = KERNEL_BASE + IMAGE.stacks_start;
        for (i, stack) in IMAGE.stacks().enumerate() {
            assert_eq!(
                (stack.cpu.index(), stack.kind),
                (i / 3, StackKind::ALL[i % 3])
            );
            assert_eq!(stack.guard, end..end + PAGE);
            assert_eq!(stack.range.start, stack.guard.end);
            assert_eq!(stack.range.end - stack.range.start, lens[i % 3]);
            end = stack.range.end;
        }
        assert_eq!(end, KERNEL_BASE + IMAGE.end);
    }

    #[test]
    fn no_guard_page_is_part_of_the_mapped_image() {
        assert_eq!(IMAGE.stacks().count(), 3 * MAX_CPUS);
        for guard in IMAGE.stacks().map(|stack| stack.guard) {
            let met =
                |part: &Part| part.virt < guard.end && guard.start < part.virt + part.phys.len();
            assert_eq!(IMAGE.parts().find(met), None);
        }
    }

    #[test]
    fn an_emergency_stack_ends_where_the_vectors_look_for_it() {
        for cpu in (0..MAX_CPUS).filter_map(CpuId::new) {
            let stacks = KERNEL_BASE + IMAGE.stacks_start;
            let top = stacks + (cpu.index() as u64 + 1) * STACK_STRIDE;
            assert_eq!(IMAGE.stack(cpu, StackKind::Emergency).range.end, top);
        }
    }

    #[test]
    fn addresses_outside_the_image_have_no_physical_one() {
        assert_eq!(IMAGE.to_phys(0), None);
        assert_eq!(IMAGE.to_phys(KERNEL_BASE - 1), None);
        assert_eq!(IMAGE.to_phys(KERNEL_BASE + IMAGE.end), None);
    }
}
