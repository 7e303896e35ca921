# A thin front for meson and ninja: each target installs the Debian packages it
# misses (as root or by sudo, saying which) and goes on.
BUILD ?= build
PY := /usr/bin/python3
PREFIX ?= /usr/local

.PHONY: all demo check test sim bench fuzz deps clean install uninstall deb cross-aarch64

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja: meson.build meson_options.txt
	tools/install-deps build
	@if [ -f $@ ]; then meson setup --reconfigure $(BUILD); else meson setup $(BUILD) $(MESON_ARGS); fi

demo: all
	tools/install-deps demo
	tools/demo

# The quick loop: unit tests and simulations only, under a minute.
test: all
	meson test -C $(BUILD) --print-errorlogs --suite unit

# Random worlds of IKE cores, many: make sim SEEDS=1..1000 HANDSHAKES=1000000
sim: all
	$(BUILD)/tests/sim/chaos --seeds $(or $(SEEDS),1..1000) --handshakes $(or $(HANDSHAKES),0)

check:
	tools/install-deps check
	$(PY) tools/check

# Some 20 minutes; one part of it: make bench BENCH='--only pipeline' (tools/bench --help).
bench: all
	tools/install-deps bench
	$(PY) tools/bench $(BENCH)

# Fuzzers, long: make fuzz SECONDS=600
fuzz:
	tools/install-deps check
	$(PY) tools/fuzz --seconds $(or $(SECONDS),300)

# The binary, man pages, completions, labs, documentation and the systemd unit, below DESTDIR
# and PREFIX; and /etc/culvert where there is none.
install: all
	tools/install install $(BUILD) '$(PREFIX)' '$(DESTDIR)'

uninstall: $(BUILD)/build.ninja
	tools/install uninstall $(BUILD) '$(PREFIX)' '$(DESTDIR)'

# build/deb/culvert_VERSION_ARCH.deb
deb:
	tools/install-deps deb
	tools/deb $(BUILD)/deb

# For 64-bit ARM, and its unit tests under qemu-user; docs/installation.md, "Other processors".
cross-aarch64:
	$(PY) tools/cross-aarch64

deps:
	tools/install-deps check

clean:
	rm -rf build build-*
