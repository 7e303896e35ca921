#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# /init of the Linux guest (peers/uml.py): mounts, one address, then commands that
# arrive as files in /share: N.cmd is run, its output goes to N.out, its status to N.rc.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
for word in $(cat /proc/cmdline); do
	case $word in peer.*) eval "peer_${word#peer.}" ;; esac
done
# the root file system is shared by all guests: what is written goes to memory
for d in /etc /root /var; do
	mkdir -p "/run/own$d"
	cp -a "$d/." "/run/own$d/"
	mount --bind "/run/own$d" "$d"
done
mkdir -p /run/lock /run/charon
mount -t hostfs none /share -o "$peer_share"
hostname "$peer_name"
ip link set lo up
dev=$(ls /sys/class/net | grep -E '^(eth|vec)' | head -1)
ip link set "$dev" name eth0 2>/dev/null
ip link set eth0 up
ip addr add "$peer_ip" dev eth0
echo 1 > /proc/sys/net/ipv4/ip_forward
for f in /proc/sys/net/ipv4/conf/*/{rp_filter,send_redirects,accept_redirects}; do
	echo 0 > "$f"
done
mkfifo /run/idle
exec 9<>/run/idle # a builtin `read -t` instead of a new `sleep` each time
uname -r > /share/ready.tmp
mv /share/ready.tmp /share/ready
while :; do
	idle=1
	for f in /share/*.cmd; do
		[ -e "$f" ] || continue
		idle=
		n=${f%.cmd}
		mv "$f" "$n.run"
		(
			bash "$n.run" </dev/null >"$n.out" 2>&1
			echo $? >"$n.tmp"
			mv "$n.tmp" "$n.rc"
		) &
	done
	[ -z "$idle" ] || read -r -t 0.03 -u 9
	[ ! -e /share/halt ] || halt -f -n
done
