//! Links the image by the workspace's linker script, and puts the built-in device tree into it.

use std::{env, path::Path};

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let script = Path::new(&manifest).join("../../linker.ld");
    println!("cargo::rerun-if-changed={}", script.display());
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let tree = Path::new(&out).join("built-in.dtb");
    std::fs::write(&tree, devicetree::built_in()).expect("the build folder can be written");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-T{}", script.display());
    // A hash over the image names the build in every log.
    println!("cargo::rustc-link-arg-bins=--build-id=sha1");
    // What linker.ld does not place would land between sections, with rights of its neighbour.
    println!("cargo::rustc-link-arg-bins=--orphan-handling=error");
    // linker.ld aligns what must be aligned; 64 KiB pages would only pad the file.
    println!("cargo::rustc-link-arg-bins=-zmax-page-size=4096");
}
