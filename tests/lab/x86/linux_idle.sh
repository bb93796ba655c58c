#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# An idle guest halts instead of burning the host's CPU, and its clock runs as the host's does.
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
mkfifo /tmp/console
vmscope run --kernel guest/vmlinuz-6.1 --initrd guest/initrd --mem 512M --console stdio --append \
	'console=ttyS0 quiet no_timer_check lpj=1000000 "run=echo idle; sleep 6; echo awake" end=poweroff' \
	-x continue >/tmp/console 2>&1 &
pid=$!
while read -r line; do
	case $line in
	idle*)
		from=$(ticks $pid)
		begin=$(cut -d. -f1 /proc/uptime)
		;;
	awake*)
		used=$(($(ticks $pid) - from))
		took=$(($(cut -d. -f1 /proc/uptime) - begin))
		;;
	esac
done </tmp/console
wait $pid || exit 1
# 100 ticks a second. Whole seconds, read by a busy reader: one more or less.
[ "${took:-0}" -ge 5 ] && [ "$took" -le 9 ] && echo "6 s of the guest are about 6 s here" ||
	echo "6 s of the guest took $took s"
[ "${used:-10000}" -lt $((took * 50)) ] && echo "the guest was idle" ||
	echo "an idle guest used $used ticks in $took s"
