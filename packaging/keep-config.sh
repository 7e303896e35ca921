#!/bin/sh
# Puts the administrator's two files where there are none. Run by `meson install`.
set -eu

here=$MESON_SOURCE_ROOT/packaging
etc=${DESTDIR:-}/etc

keep() {
	[ -e "$3" ] && return
	install -m "$1" "$2" "$3"
}

# what is there keeps its mode as well
[ -d "$etc/default" ] || install -d -m 0755 "$etc/default"
[ -d "$etc/culvert" ] || install -d -m 0750 "$etc/culvert"
keep 0640 "$here/startup-config" "$etc/culvert/startup-config"
keep 0644 "$here/culvert.default" "$etc/default/culvert"
