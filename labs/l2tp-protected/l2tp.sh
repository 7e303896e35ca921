#!/bin/sh
# xl2tpd in the foreground, as LAC or LNS of this lab: l2tp.sh lac|lns
# The tunnel and its control connection need nothing of the kernel; the PPP session in it
# needs /dev/ppp, and where that is missing xl2tpd says so and tries again.
set -eu
dir=$(mktemp -d)
pid=
trap 'rm -rf "$dir"' EXIT
trap 'test -z "$pid" || kill "$pid"; exit 0' INT TERM
: > "$dir/secrets"
printf '%s\n' noauth noccp 'mtu 1280' > "$dir/ppp"
case $1 in
lns)
	cat > "$dir/conf" <<END
[global]
listen-addr = 198.51.100.2
auth file = $dir/secrets
[lns default]
ip range = 10.9.9.2-10.9.9.9
local ip = 10.9.9.1
require authentication = no
pppoptfile = $dir/ppp
END
	;;
lac)
	cat > "$dir/conf" <<END
[global]
auth file = $dir/secrets
[lac site]
lns = 198.51.100.2
autodial = yes
redial = yes
redial timeout = 2
require authentication = no
pppoptfile = $dir/ppp
END
	;;
*)
	echo "usage: l2tp.sh lac|lns" >&2
	exit 2
	;;
esac
/usr/sbin/xl2tpd -D -c "$dir/conf" -C "$dir/control" -p "$dir/pid" &
pid=$!
wait "$pid"
