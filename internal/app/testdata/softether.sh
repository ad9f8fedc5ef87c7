#!/bin/bash
# softether.sh DIR: a real SoftEther VPN Server for a few seconds, its logs in DIR/log.
#
# Everything runs in namespaces of its own, with no network but lo, and ends with this script. Needs root and the Debian
# packages softether-vpnserver, softether-vpnclient and softether-vpncmd. The server is 198.51.100.10, an address of lo like
# all others: 192.0.2.31 the administrator, 192.0.2.21 and .22 the staff, 203.0.113.66 an intruder who guesses the
# administrator's password.
set -eu
D=$(readlink -f "$1")
export D
mkdir -p "$D"/db "$D"/log "$D"/run
exec unshare --net --mount --uts --ipc --pid --fork --mount-proc --kill-child bash -euc '
  ip link set lo up
  for a in 198.51.100.10 192.0.2.21 192.0.2.22 192.0.2.31 203.0.113.66; do ip address add $a/32 dev lo; done
  hostname vpn-gw
  # A SoftEther program started by root wants to change kernel.threads-max of the whole machine.
  mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys
  for d in /var/lib /var/log /run; do mount -t tmpfs tmpfs $d; mkdir $d/softether; done
  mount --bind "$D/db" /var/lib/softether; mount --bind "$D/log" /var/log/softether; mount --bind "$D/run" /run/softether
  export LANG=C.UTF-8 TZ=UTC
  cd /

  # Connections to the server come from the address $1 from now on.
  from() { ip route replace local 198.51.100.10 dev lo table local proto kernel scope host src "$1"; }
  # tell TARGET...: gives vpncmd the lines of standard input; it asks again after a wrong password, which the limit ends.
  tell() {
    cat >/run/lines
    timeout -k 1 "${LIMIT:-20}" vpncmd "$@" /IN:/run/lines </dev/null >>"$D/vpncmd.txt" 2>&1 || [ -n "${LIMIT:-}" ]
  }
  server() { tell /SERVER 198.51.100.10:5555 "$@"; }
  logged() { grep -qs "$@" "$D"/log/security_log/OFFICE/*.log; }
  # wait_for COMMAND...: until it succeeds, ten seconds at most.
  wait_for() { local i; for i in $(seq 200); do "$@" && return; sleep 0.05; done; echo "never: $*" >&2; exit 1; }
  answers() { (exec 3<>/dev/tcp/127.0.0.1/"$1") 2>/dev/null; }

  /usr/libexec/softether/vpnserver/vpnserver execsvc </dev/null >/dev/null 2>&1 & SERVER=$!
  /usr/libexec/softether/vpnclient/vpnclient execsvc </dev/null >/dev/null 2>&1 & CLIENT=$!
  wait_for answers 5555
  wait_for answers 9931

  from 192.0.2.31
  server <<-L
	ServerPasswordSet Guarded-7
	HubCreate OFFICE /PASSWORD:Hub-7
	Hub OFFICE
	UserCreate chen /GROUP:none /REALNAME:none /NOTE:none
	UserPasswordSet chen /PASSWORD:Chen-7
	UserCreate lin /GROUP:none /REALNAME:none /NOTE:none
	UserPasswordSet lin /PASSWORD:Lin-7
	L

  tell /CLIENT 127.0.0.1 <<-L
	NicCreate vpn0
	AccountCreate chen /SERVER:198.51.100.10:443 /HUB:OFFICE /USERNAME:chen /NICNAME:vpn0
	AccountPasswordSet chen /PASSWORD:Chen-7 /TYPE:standard
	AccountCreate lin /SERVER:198.51.100.10:443 /HUB:OFFICE /USERNAME:lin /NICNAME:vpn0
	AccountPasswordSet lin /PASSWORD:typo /TYPE:standard
	AccountRetrySet lin /NUM:0 /INTERVAL:5
	L
  # work ACCOUNT N: a session of an account, the N-th of the hub. The server may take long to say that it ended.
  work() {
    tell /CLIENT 127.0.0.1 <<<"AccountConnect $1"
    wait_for logged "session \"SID-${1^^}-$2\" has been created"
    tell /CLIENT 127.0.0.1 <<<"AccountDisconnect $1"
  }
  from 192.0.2.21
  work chen 1
  work chen 2
  from 192.0.2.22
  tell /CLIENT 127.0.0.1 <<<"AccountConnect lin"
  wait_for logged "User authentication failed"
  tell /CLIENT 127.0.0.1 <<<"AccountPasswordSet lin /PASSWORD:Lin-7 /TYPE:standard"
  work lin 3

  from 203.0.113.66
  for i in 1 2 3 4 5 6 7 8 9 10 11 12; do LIMIT=0.4 server /PASSWORD:guess-$i <<<About; done
  server /PASSWORD:Guarded-7 <<-L
	HubCreate RELAY /PASSWORD:Relay-7
	Hub RELAY
	UserCreate ghost /GROUP:none /REALNAME:none /NOTE:none
	UserPasswordSet ghost /PASSWORD:Ghost-7
	CascadeCreate out /SERVER:203.0.113.67:9 /HUB:X /USERNAME:y
	CascadeOnline out
	Hub
	Hub OFFICE
	LogDisable packet
	L

  from 192.0.2.21
  work chen 4
  from 192.0.2.31
  server /PASSWORD:Guarded-7 <<<HubList
  kill -TERM $SERVER
  wait $SERVER || true
  kill -KILL $CLIENT' softether
