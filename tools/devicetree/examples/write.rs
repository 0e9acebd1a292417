//! Writes the trees as files, to be looked at with `dtc -I dtb -O dts`.

fn main() -> std::io::Result<()> {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    let trees = [
        ("built_in.dtb", devicetree::built_in()),
        ("emulator.dtb", devicetree::emulator()),
        ("foreign.dtb", devicetree::foreign()),
    ];
    for (name, blob) in trees {
        std::fs::write(folder.join(name), blob)?;
    }
    Ok(())
}
