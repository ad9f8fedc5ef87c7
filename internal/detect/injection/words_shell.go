package injection

// Commands by how sure their name alone makes us. The names of programs and
// shell builtins of Unix and Windows; plain ones are English words, too.
const (
	telling = iota + 1 // hardly a word of a language
	plain
	launcher // runs the command that follows it
)

var commands = commandTable(map[int]string{
	telling: "whoami uname ifconfig wget curl ncat netcat nslookup netstat chmod chown chgrp passwd printenv xxd mkfifo mknod base64 base32 python python2 python3 perl php ruby lua " +
		"bash zsh ksh csh dash tcsh pwd mkdir rmdir grep egrep fgrep awk gawk mawk sed socat telnet ssh scp sftp rsync tftp ftpget nc traceroute tracert ipconfig systeminfo " +
		"tasklist taskkill certutil bitsadmin mshta regsvr32 rundll32 wmic cscript wscript schtasks powershell pwsh cmd icacls attrib netsh findstr nbtstat useradd usermod adduser userdel " +
		"crontab systemctl lsof gcc tcpdump openssl gpg iptables lsb_release hostname dmesg df du ps ls id gunzip bunzip2 tac hexdump strings readlink realpath stat sysctl getent " +
		"insmod modprobe visudo vim nano emacs gdb docker kubectl pip npm dpkg rpm yum dnf apk mysqldump mysql psql sqlite3 git svn dd rm cp mv ln lsattr lscpu lsblk arp wall finger tee " +
		"vssadmin bcdedit qwinsta quser nltest dsquery wevtutil msbuild installutil forfiles pcalua reg ver chcp timeout shutdown iwr irm iex iwmi invoke-expression invoke-webrequest " +
		"get-content start-process regedit cscli ansible nmap masscan hping3 gobuster bsdtar dig printf fsutil tskill env",
	plain: "cd cat echo ping sleep head tail more less sort find who w last date host kill set export alias touch cut tr wc rev nl od file which type dir net copy del move start tar gzip zip " +
		"unzip make man read test true false at expr source exit route ip ss service mount fetch ftp su node ed vi look expand fold paste split join uniq diff cmp jobs history help eval exec local ar as",
	launcher: "sudo time nohup xargs busybox strace setsid doas ionice stdbuf unbuffer",
})

func commandTable(lists map[int]string) map[string]int {
	out := make(map[string]int)
	for _, rank := range [...]int{plain, telling, launcher} {
		list, start := lists[rank]+" ", 0
		for i := range len(list) {
			if list[i] == ' ' {
				out[list[start:i]] = rank
				start = i + 1
			}
		}
	}
	return out
}

// binaries are paths that wild cards are tried on.
var binaries = [...]string{
	"/bin/cat", "/bin/ls", "/bin/sh", "/bin/bash", "/bin/id", "/bin/nc", "/bin/ping", "/bin/echo", "/bin/sleep", "/bin/dash", "/bin/rm", "/bin/cp", "/bin/ps", "/bin/uname", "/bin/wget",
	"/usr/bin/id", "/usr/bin/curl", "/usr/bin/wget", "/usr/bin/whoami", "/usr/bin/python3", "/usr/bin/perl", "/usr/bin/cat", "/usr/bin/head", "/usr/bin/tail", "/usr/bin/nc", "/usr/bin/base64",
	"/etc/passwd", "/etc/shadow", "/etc/hosts", "/etc/group", "/etc/issue",
}

// counted are commands that take a number, and by it show themselves.
var counted = map[string]bool{"sleep": true, "ping": true, "kill": true, "timeout": true, "expr": true, "exit": true, "printf": true, "chmod": true, "usleep": true}
