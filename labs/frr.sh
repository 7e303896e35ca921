#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# FRR beside a router of a lab (Debian's package: apt-get install frr). Inside the node:
#   frr.sh start ospfd FILE   zebra and one daemon, with FILE as the daemon's configuration
#   frr.sh show 'COMMAND'     what vtysh answers
# Each node has a folder of its own below /tmp, named after its network namespace; it goes
# with the lab.
set -eu
PATH=$PATH:/usr/sbin:/sbin
daemons=/usr/lib/frr
dir=/tmp/culvert-frr-$(stat -Lc %i /proc/self/ns/net)

case ${1-} in
start)
	[ -x "$daemons/$2" ] || { echo "$daemons/$2 is not there: apt-get install frr" >&2; exit 1; }
	rm -rf "$dir"
	mkdir "$dir"
	cp "$3" "$dir/$2.conf"
	: >"$dir/zebra.conf"
	# the daemons drop to this user; in a user's own lab there is no such user to drop to
	chown -R frr:frr "$dir" 2>/dev/null || true
	for d in zebra "$2"; do
		"$daemons/$d" -d -z "$dir/zserv" --vty_socket "$dir" -i "$dir/$d.pid" \
			-f "$dir/$d.conf" -A 127.0.0.1 -P 0 --log "file:$dir/$d.log"
	done
	(trap 'rm -rf "$dir"; exit 0' TERM; while :; do sleep 0.2; done) >/dev/null 2>&1 &
	;;
show)
	exec vtysh --vty_socket "$dir" -c "$2"
	;;
*)
	echo "usage: frr.sh start DAEMON FILE | show COMMAND" >&2
	exit 2
	;;
esac
