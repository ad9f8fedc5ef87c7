package fortios

import "testing"

func TestChange(t *testing.T) {
	f := func(path, done, category, action string) {
		t.Helper()
		if c, a := Change(path, done); c != category || a != action {
			t.Errorf("Change(%q, %q) = %s, %s; want %s, %s", path, done, c, a, category, action)
		}
	}
	f("system.admin", "Add", "iam", "user-created")
	f("user.local", "Edit", "iam", "user-changed")
	f("user.group", "Delete", "iam", "user-deleted")
	f("log.syslogd.setting", "Edit", "configuration", "logging-changed")
	f("firewall.vip", "Add", "configuration", "hub-created")
	f("firewall.vip", "Delete", "configuration", "hub-deleted")
	f("firewall.vip", "Edit", "configuration", "config-changed")
	f("vpn.ipsec.phase1-interface", "Add", "configuration", "tunnel-created")
	f("vpn.ipsec.phase1-interface", "Edit", "configuration", "config-changed")
	f("firewall.local-in-policy", "Delete", "configuration", "config-changed")
	f("login.banner", "Edit", "configuration", "config-changed")
}

func TestAdministrator(t *testing.T) {
	f := func(ui, want string) {
		t.Helper()
		got := Administrator(ui)
		if s := got.String(); got.IsValid() && s != want || !got.IsValid() && want != "" {
			t.Errorf("Administrator(%q) = %v, want %q", ui, got, want)
		}
	}
	f("GUI(203.0.113.9)", "203.0.113.9")
	f("ssh(2001:db8::9)", "2001:db8::9")
	f("https(::ffff:203.0.113.9)", "203.0.113.9")
	f("console", "")
	f("GUI(", "")
	f("", "")
}
