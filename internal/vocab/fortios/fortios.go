// Package fortios knows what FortiOS calls things in its event logs, in its own
// format and in CEF (Fortinet, FortiOS Log Message Reference).
package fortios

import (
	"net/netip"
	"strings"

	"github.com/vedette-cti/vedette"
)

// Change returns event.category and event.action of an administrator's change of
// the object at a configuration path (cfgpath), by the word for what was done
// (Add, Edit, Delete).
func Change(path, done string) (category, action string) {
	added, deleted := done == "Add", done == "Delete"
	switch {
	case path == "system.admin", path == "user.local", path == "user.group", path == "system.api-user", path == "system.accprofile":
		switch {
		case added:
			return vedette.CategoryIAM, vedette.ActionUserCreated
		case deleted:
			return vedette.CategoryIAM, vedette.ActionUserDeleted
		}
		return vedette.CategoryIAM, vedette.ActionUserChanged
	case path == "log" || strings.HasPrefix(path, "log."):
		return vedette.CategoryConfiguration, vedette.ActionLoggingOff
	case path == "system.vdom", path == "firewall.vip":
		switch {
		case added:
			return vedette.CategoryConfiguration, vedette.ActionHubCreated
		case deleted:
			return vedette.CategoryConfiguration, vedette.ActionHubDeleted
		}
	case added && (strings.HasPrefix(path, "vpn.ipsec.phase1") || strings.HasPrefix(path, "system.gre-tunnel") || path == "system.vxlan"):
		return vedette.CategoryConfiguration, vedette.ActionTunnelCreated
	}
	return vedette.CategoryConfiguration, vedette.ActionConfigChanged
}

// Administrator returns the address in an administrator's interface, such as
// "GUI(203.0.113.9)"; the zero Addr if there is none.
func Administrator(ui string) netip.Addr {
	_, inner, found := strings.Cut(ui, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !found || !closed {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(inner)
	if err != nil {
		return netip.Addr{}
	}
	return a.WithZone("").Unmap()
}
