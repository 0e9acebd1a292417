# Every target is one line for `cargo xtask`; set-up comes first and does nothing when all is there.
#   make run FILE=path                    carry your file instead of seeded bytes
#   make run CARD=path                    put your SD card image in the slot; it is never written to
#   make run APPEND="swiotlb=noforce"     more words for the kernel's command line

export FILE CARD APPEND TREE SHARD ONLY
# Where rustup puts cargo, for shells that do not know it yet.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

.DEFAULT_GOAL := help
.PHONY: help setup build run shell bench image card test oracle removals mutants check doc clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16
setup: ## install what is missing: toolchain, emulator, tools for cards, cargo-deny
	@sh tools/setup.sh
build: setup ## build kernel8.img
	@cargo xtask build
run: setup ## boot it in the emulator and carry a file by DMA (FILE=path, CARD=path, APPEND="words")
	@cargo xtask run $${FILE:+--file="$$FILE"} $${CARD:+--card="$$CARD"} $${APPEND:+--append="$$APPEND"}
shell: setup ## the same, then stay at the kernel's prompt (Ctrl-] ends the emulator)
	@cargo xtask run --shell $${FILE:+--file="$$FILE"} $${CARD:+--card="$$CARD"} $${APPEND:+--append="$$APPEND"}
image: setup ## make a card that a board boots from (TREE=path, APPEND="words")
	@cargo xtask image $${TREE:+--tree="$$TREE"} $${APPEND:+--append="$$APPEND"}
card: setup ## make an SD card with files and a manifest, as `run` does
	@cargo xtask card
bench: setup ## count what mapping and syncing cost, beside Linux
	@cargo xtask bench
test: setup ## run every test there is; the last line is `N passed, N failed`
	@cargo xtask test
oracle: setup ## the self-tests and the main job under a modelled cache (CAROM_ORACLE=trace: the events before a finding)
	@cargo xtask oracle
removals: setup ## remove each cache operation and barrier of DMA in turn: who notices? (an hour)
	@cargo xtask removals
mutants: ## make every small change to the mapping layer in turn: who notices? (some hours; SHARD=0/4, ONLY=regex)
	@sh tools/setup.sh mutants
	@cargo xtask mutants $${SHARD:+--shard="$$SHARD"} $${ONLY:+--filter="$$ONLY"}
check: setup ## format, lints, arrows between crates, licences
	@cargo xtask check
doc: setup ## write the documentation of all crates
	@cargo xtask doc
clean: ## remove what was built
	@cargo clean
