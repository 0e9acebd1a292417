//! The emulated slot, from outside: a card is pulled, and a card is put in, while the kernel runs.
//!
//! QEMU does both on request over QMP, a protocol of JSON on a socket. The commands name the slot by
//! the path of the device in it, which `query-block` knows for the drive called `sd0`: `-drive if=sd`.

use anyhow::Context;
use qapi::{Qmp, Stream, qmp};
use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// The slot's card, as `query-block` names it.
const DRIVE: &str = "sd0";

type Monitor = Qmp<Stream<BufReader<UnixStream>, UnixStream>>;

/// A socket in the file system, and who answers there.
pub(crate) struct Slot {
    socket: PathBuf,
    monitor: Option<Monitor>,
}

impl Slot {
    /// A socket with a name of its own. It is in the folder for temporary files, since the system
    /// takes no more than some hundred bytes for the name.
    pub(crate) fn new() -> Self {
        let name = format!("carom-{}.qmp", std::process::id());
        Self {
            socket: std::env::temp_dir().join(name),
            monitor: None,
        }
    }

    /// Where the emulator is to listen.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Pulls the card, whatever the kernel does with it.
    #[expect(deprecated, reason = "a field that must be left empty")]
    pub(crate) fn eject(&mut self) -> anyhow::Result<()> {
        let id = Some(self.device()?);
        let force = Some(true);
        let command = qmp::eject {
            id,
            force,
            device: None,
        };
        self.monitor()?.execute(&command).context("eject")?;
        Ok(())
    }

    /// Puts a card in. The kernel may write to it: QEMU refuses a card for reading alone where the
    /// slot had another.
    #[expect(deprecated, reason = "a field that must be left empty")]
    pub(crate) fn insert(&mut self, card: &Path) -> anyhow::Result<()> {
        let filename = card.to_str().context("the card's name is not Unicode")?;
        let command = qmp::blockdev_change_medium {
            id: Some(self.device()?),
            filename: filename.to_owned(),
            format: Some("raw".to_owned()),
            read_only_mode: Some(qmp::BlockdevChangeReadOnlyMode::retain),
            force: None,
            device: None,
        };
        let monitor = self.monitor()?;
        monitor
            .execute(&command)
            .context("blockdev-change-medium")?;
        Ok(())
    }

    /// The slot's name for the commands.
    fn device(&mut self) -> anyhow::Result<String> {
        let drives = self.monitor()?.execute(&qmp::query_block {})?;
        let drive = drives.into_iter().find(|drive| drive.device == DRIVE);
        drive
            .and_then(|drive| drive.qdev)
            .with_context(|| format!("the emulator has no {DRIVE}"))
    }

    /// The connection, made when it is first needed: by then the emulator has made the socket.
    fn monitor(&mut self) -> anyhow::Result<&mut Monitor> {
        if self.monitor.is_none() {
            let named = || format!("QMP at {}", self.socket.display());
            let stream = UnixStream::connect(&self.socket).with_context(named)?;
            let reader = BufReader::new(stream.try_clone()?);
            let mut monitor = Qmp::new(Stream::new(reader, stream));
            monitor.handshake().with_context(named)?;
            self.monitor = Some(monitor);
        }
        Ok(self.monitor.as_mut().expect("made above"))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // QEMU removes it where it ends by itself.
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slot({})", self.socket.display())
    }
}
