//! The emulator that loads the plugin has what it calls.

fn main() {
    println!("cargo:rustc-link-arg-cdylib=-Wl,-z,undefs");
}
