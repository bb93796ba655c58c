#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# A guest gets its address by DHCP, fetches from a web server on the host's loopback, and serves the host
# through a forwarded port: by PCI with a packed ring, then by virtio-mmio.
mkdir -p /tmp/www
dd if=/dev/urandom of=/tmp/www/big bs=1k count=300 2>/dev/null
sum=$(md5sum </tmp/www/big)
ip link set lo up
httpd -p 127.0.0.1:8000 -h /tmp/www
# Without double quotes: the kernel's command line carries it. (udhcpc wants a script that sets the address.)
guest=$(tr '\n' ';' <<'GUEST'
echo 'case $ip in 1*) ip addr add $ip/24 dev $interface; echo got $ip; esac' >/tmp/dhcp
chmod +x /tmp/dhcp
ip link set lo up
ip link set eth0 up
udhcpc -n -q -t 5 -i eth0 -s /tmp/dhcp 2>/dev/null
wget -q -O /tmp/big http://10.0.2.2:8000/big
md5sum </tmp/big
mkdir /tmp/w
echo from-the-guest >/tmp/w/x
httpd -p 80 -h /tmp/w
echo ready
sleep 5
GUEST
)

try() {
	modules=$1
	shift
	echo "== $*"
	rm -f /tmp/fetched
	for _ in $(seq 30); do
		timeout 3 wget -q -O /tmp/fetched http://127.0.0.1:8080/x && break
		sleep 1
	done 2>/dev/null &
	tests/lab/x86/linux_guest 6.1 1 "modules=af_packet,$modules,virtio_net end=poweroff \"run=$guest\"" \
		--net user,hostfwd=tcp::8080-:80 "$@" -x continue -x 'info device net0' >/tmp/run 2>&1
	sed -e "s/$sum/the right sum/" /tmp/run |
		grep -E 'sum|got|ready|forward|RI|exit status' || cat /tmp/run
	wait
	cat /tmp/fetched
}

try virtio_pci --virtio-opt packed=on
try virtio_mmio --virtio-opt transport=mmio
