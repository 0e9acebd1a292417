#!/bin/sh
# Brings a machine with git, make, cc and rustup to where `make run` and `make test` work.
#
# Looks first, says what it will install, then installs only that. A second run finds everything
# and does nothing. Debian 12 and 13 get the emulator and the tools for cards by apt; elsewhere a line
# says what is needed.
set -eu
cd "$(dirname "$0")/.."

deny_version=0.20.2
mutants_version=27.1.0
qemu_at_least=10 # raspi4b came with 9.0; 10.0 is what the tests were written against

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- what is there -------------------------------------------------------------------------------

# toolchain_list KEY: the words of a list in rust-toolchain.toml, on one line.
toolchain_list() { sed -n "s/^$1 *= *\[\(.*\)\].*/\1/p" rust-toolchain.toml | tr -d '",'; }
channel=$(sed -n 's/^channel *= *"\(.*\)".*/\1/p' rust-toolchain.toml)
components=$(toolchain_list components)
targets=$(toolchain_list targets)

has_toolchain() { rustup toolchain list | grep -q "^$1-"; }

# lacks TOOLCHAIN NAMES..: those of NAMES (components, or targets as rust-std-TARGET) that it lacks.
lacks() {
    toolchain=$1; shift
    has_toolchain "$toolchain" || { echo "$@"; return; }
    installed=$(rustup component list --toolchain "$toolchain" --installed)
    for name in "$@"; do
        echo "$installed" | grep -q -e "^$name\$" -e "^$name-" || printf '%s ' "$name"
    done
}

# rust_needs: words for what the pinned toolchain lacks, empty if nothing.
rust_needs() {
    has_toolchain "$channel" || { echo "compiler $components $targets"; return; }
    std=""
    for target in $targets; do std="$std rust-std-$target"; done
    # shellcheck disable=SC2086 # lists of words
    lacks "$channel" $components $std
}

qemu_ok() {
    have qemu-system-aarch64 || return 1
    major=$(qemu-system-aarch64 --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
    [ "${major:-0}" -ge "$qemu_at_least" ]
}

# mkfs.vfat lies in a folder that is not on every user's path; `tools/xtask` looks there too.
cards_ok() { (PATH=$PATH:/usr/sbin:/sbin; have mkfs.vfat && have mcopy); }

deny_ok() { have cargo-deny && [ "$(cargo-deny --version)" = "cargo-deny $deny_version" ]; }

mutants_ok() { have cargo-mutants && [ "$(cargo-mutants mutants --version)" = "cargo-mutants $mutants_version" ]; }
# wants_mutants ARGUMENTS: whether they ask for it, and it is not there.
wants_mutants() { [ "${1:-}" = mutants ] && ! mutants_ok; }

# --- what installs it ----------------------------------------------------------------------------

install_rust() {
    comma() { echo "$*" | tr ' ' ','; }
    # shellcheck disable=SC2086 # lists of words
    rustup toolchain install "$channel" --no-self-update --profile minimal \
        -c "$(comma $components)" -t "$(comma $targets)"
}

install_miri() {
    if has_toolchain nightly; then
        rustup component add --toolchain nightly miri rust-src
    else
        rustup toolchain install nightly --no-self-update --profile minimal -c miri,rust-src
    fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

# suite_uri CODENAME: where this machine gets that suite from.
suite_uri() {
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' "Created-By: Packages" |
        sed -n "s/^$1 //p" | head -n 1
}

# Debian 12 has a new enough emulator in its backports suite alone. The mirror is the one that the
# machine already uses for its own suite.
add_backports() {
    [ -z "$(suite_uri bookworm-backports)" ] || return 0
    uri=$(suite_uri bookworm)
    [ -n "$uri" ] || fail "apt knows no source for bookworm: add bookworm-backports by hand, then come back"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    say "adding bookworm-backports to apt's sources"
    {
        printf 'Types: deb\nURIs: %s\nSuites: bookworm-backports\nComponents: main\n' "$uri"
        [ ! -f "$keyring" ] || echo "Signed-By: $keyring"
    } | as_root tee /etc/apt/sources.list.d/bookworm-backports.sources >/dev/null
    apt update
}

debian_version() { [ ! -r /etc/os-release ] || (. /etc/os-release; [ "$ID" != debian ] || echo "$VERSION_ID"); }

install_qemu() {
    debian=$(debian_version)
    case $debian in
        12 | 13) ;;
        *) fail "install QEMU $qemu_at_least.0 or newer (qemu-system-aarch64), then come back: only Debian 12 and 13 are done for you" ;;
    esac
    apt update
    suite=""
    if [ "$debian" = 12 ]; then add_backports; suite="-t bookworm-backports"; fi
    # shellcheck disable=SC2086 # an option and its value, or nothing
    apt install -y --no-install-recommends $suite qemu-system-arm
    qemu_ok || fail "qemu-system-aarch64 is still older than $qemu_at_least.0"
}

install_cards() {
    case $(debian_version) in
        12 | 13) ;;
        *) fail "install dosfstools and mtools (mkfs.vfat, mcopy), then come back: only Debian 12 and 13 are done for you" ;;
    esac
    apt update
    apt install -y --no-install-recommends dosfstools mtools
}

install_deny() { cargo install cargo-deny --locked --version "$deny_version"; }

install_mutants() { cargo install cargo-mutants --locked --version "$mutants_version"; }

# --- do it ---------------------------------------------------------------------------------------

PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
export PATH
have rustup || fail "rustup is needed, and is not installed"
have cc || fail "a C compiler is needed to link host programs (cc, e.g. of package gcc), and is not installed"

rust=$(rust_needs)
miri=$(lacks nightly miri rust-src)
wanted=""
[ -z "$rust" ] || wanted="$wanted
  - for Rust $channel: $rust"
[ -z "$miri" ] || wanted="$wanted
  - for Rust nightly, which runs Miri: $miri"
qemu_ok || wanted="$wanted
  - QEMU $qemu_at_least.0 or newer (qemu-system-aarch64), as a package, with apt"
cards_ok || wanted="$wanted
  - dosfstools and mtools (mkfs.vfat, mcopy: cards for the tests that are not our own), with apt"
deny_ok || wanted="$wanted
  - cargo-deny $deny_version, built from source (some minutes)"
! wants_mutants "$@" || wanted="$wanted
  - cargo-mutants $mutants_version, built from source (some minutes)"
[ -n "$wanted" ] || exit 0

say "will install:$wanted"
[ -z "$rust" ] || install_rust
[ -z "$miri" ] || install_miri
qemu_ok || install_qemu
cards_ok || install_cards
deny_ok || install_deny
! wants_mutants "$@" || install_mutants
say "done"
