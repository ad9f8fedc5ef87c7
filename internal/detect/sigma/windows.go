package sigma

import (
	"strings"

	"github.com/vedette-cti/vedette"
)

// sysmonCategories maps Sysmon's event ids to Sigma's categories (Sigma
// specification, appendix taxonomy).
var sysmonCategories = map[string]string{
	"1": "process_creation", "2": "file_change", "3": "network_connection", "4": "sysmon_status", "5": "process_termination",
	"6": "driver_load", "7": "image_load", "8": "create_remote_thread", "9": "raw_access_thread", "10": "process_access",
	"11": "file_event", "12": "registry_add", "13": "registry_set", "14": "registry_rename", "15": "create_stream_hash", "16": "sysmon_status",
	"17": "pipe_created", "18": "pipe_created", "19": "wmi_event", "20": "wmi_event", "21": "wmi_event", "22": "dns_query", "23": "file_delete",
	"24": "clipboard_change", "25": "process_tampering", "26": "file_delete", "27": "file_block_executable", "28": "file_block_shredding",
	"29": "file_executable_detected", "255": "sysmon_error",
}

const sysmonChannel = "Microsoft-Windows-Sysmon/Operational"

// channelServices maps event log channels to Sigma's services (pySigma's
// Windows pipeline and SigmaHQ's logsource guides).
var channelServices = func() map[string]string {
	m := map[string]string{
		"security": "security", "system": "system", "application": "application",
		"windows powershell": "powershell-classic", "dns server": "dns-server", "openssh/operational": "openssh",
		"msexchange management": "msexchange-management", "forwardedevents": "forwardedevents",
	}
	for channel, service := range map[string]string{
		"Sysmon/Operational": "sysmon", "PowerShell/Operational": "powershell", "TaskScheduler/Operational": "taskscheduler",
		"WMI-Activity/Operational": "wmi", "Windows Defender/Operational": "windefend", "NTLM/Operational": "ntlm",
		"DNS-Client/Operational": "dns-client", "DNSServer/Analytical": "dns-server-analytic", "Bits-Client/Operational": "bits-client",
		"AppLocker/EXE and DLL": "applocker", "AppLocker/MSI and Script": "applocker", "AppLocker/Packaged app-Deployment": "applocker",
		"AppLocker/Packaged app-Execution": "applocker", "CodeIntegrity/Operational": "codeintegrity-operational",
		"Windows Firewall With Advanced Security/Firewall": "firewall-as", "PrintService/Admin": "printservice-admin",
		"PrintService/Operational": "printservice-operational", "SmbClient/Security": "smbclient-security",
		"SmbClient/Connectivity": "smbclient-connectivity", "SMBServer/Connectivity": "smbserver-connectivity",
		"TerminalServices-LocalSessionManager/Operational": "terminalservices-localsessionmanager",
		"DriverFrameworks-UserMode/Operational":            "driver-framework", "AppXDeploymentServer/Operational": "appxdeployment-server",
		"AppxPackaging/Operational": "appxpackaging-om", "AppModel-Runtime/Admin": "appmodel-runtime", "Shell-Core/Operational": "shell-core",
		"LDAP-Client/Debug": "ldap", "LSA/Operational": "lsa-server", "CAPI2/Operational": "capi2",
		"CertificateServicesClient-Lifecycle-System/Operational": "certificateservicesclient-lifecycle-system",
		"Diagnosis-Scripted/Operational":                         "diagnosis-scripted", "Security-Mitigations/KernelMode": "security-mitigations",
		"Security-Mitigations/UserMode": "security-mitigations", "IIS-Configuration/Operational": "iis-configuration",
	} {
		m["microsoft-windows-"+strings.ToLower(channel)] = service
	}
	m["microsoft-servicebus-client"] = "microsoft-servicebus-client"
	return m
}()

var (
	channelKeys   = []string{"Channel", "channel", "winlog.channel", "System.Channel", "log_name"}
	eventTypeKeys = []string{"EventType", "event_type", "EventData.EventType"}
)

// windowsClass tells category and service by channel and event id.
func windowsClass(e *vedette.Event, k *classKey) {
	var hint int
	channel := ""
	if f := rest(e, channelKeys, &hint); f != nil {
		channel = f.Value
	}
	if e.Dataset == vedette.DatasetWindowsSysmon && channel == "" {
		channel = sysmonChannel
	}
	if strings.HasPrefix(channel, "Linux-Sysmon/") {
		k.category, k.service = sysmonCategories[e.Code], "linux-sysmon"
		return
	}
	k.service = serviceOf(channel)
	switch k.service {
	case "sysmon":
		k.category = sysmonCategories[e.Code]
		if e.Code == "12" {
			if f := rest(e, eventTypeKeys, &hint); f != nil && strings.HasPrefix(f.Value, "Delete") {
				k.category = "registry_delete"
			}
		}
	case "security":
		if e.Code == "4688" {
			k.category = "process_creation"
		}
	case "powershell":
		k.category = map[string]string{"4103": "ps_module", "4104": "ps_script"}[e.Code]
	case "powershell-classic":
		k.category = map[string]string{"400": "ps_classic_start", "600": "ps_classic_provider_start", "800": "ps_classic_script"}[e.Code]
	}
}

// serviceOf is channelServices without regard to letter case.
func serviceOf(channel string) string {
	if channel == sysmonChannel {
		return "sysmon"
	}
	var buf [96]byte
	if len(channel) > len(buf) {
		return ""
	}
	return channelServices[string(fold(buf[:0], channel))]
}

// windowsNames are names of Windows' events whose values a decoder may have put
// into columns, or under another name.
var windowsNames = func() map[string]field {
	m := make(map[string]field)
	for name, column := range map[string]string{
		"SourceIp": "source.ip", "SourcePort": "source.port", "DestinationIp": "destination.ip", "DestinationPort": "destination.port",
		"QueryName": "dns.question.name", "QueryResults": "dns.answers.data", "IpAddress": "source.ip", "IpPort": "source.port",
		"User": "user.name", "TargetUserName": "user.name", "Computer": "host.name", "ComputerName": "host.name", "EventID": "event.code",
		"EventId": "event.code", "Protocol": "network.transport", "TargetFilename": "file.name", "Message": "message",
	} {
		m[name] = field{get: restFirst(name, columns[column]), known: always}
	}
	provider := field{keys: []string{"Provider_Name", "ProviderName", "winlog.provider_name", "Provider", "System.Provider.Name", "SourceName"}, known: always}
	m["Provider_Name"], m["Provider"] = provider, provider
	m["Channel"] = field{keys: channelKeys, known: always}
	return m
}()

// restFirst prefers what the source said to the column.
func restFirst(name string, column getter) getter {
	return func(e *vedette.Event, buf *[]byte) (string, bool) {
		if s, ok := e.Get(name); ok {
			return s, true
		}
		return column(e, buf)
	}
}

// securityNames are the fields of Security event 4688 by Sysmon's names, and by
// its own. What else Sysmon has, such as OriginalFileName and Hashes, it lacks.
var securityNames = func() map[string]field {
	m := make(map[string]field)
	for _, own := range strings.Fields("SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId NewProcessId NewProcessName TokenElevationType " +
		"CommandLine TargetUserSid TargetUserName TargetDomainName TargetLogonId ParentProcessName MandatoryLabel") {
		m[own] = field{keys: []string{own}, known: always}
	}
	for sysmon, own := range map[string]string{"Image": "NewProcessName", "ParentImage": "ParentProcessName", "User": "SubjectUserName",
		"ProcessId": "NewProcessId", "ParentProcessId": "ProcessId", "LogonId": "SubjectLogonId", "IntegrityLevel": "MandatoryLabel"} {
		m[sysmon] = field{keys: []string{own}, known: always}
	}
	return m
}()

func newWindowsClass(c *class, k classKey) {
	c.names, c.openKnown = windowsNames, true
	c.known = set(knownCommon, "host.name")
	if k.service == "linux-sysmon" {
		c.products, c.services = append(c.products, "linux"), append(c.services, "sysmon")
	} else {
		c.products = append(c.products, "windows")
	}
	switch {
	case k.service == "powershell" || k.service == "powershell-classic":
		c.services = append(c.services, "powershell")
	case k.service == "windefend":
		c.spaced = true
	case k.category == "process_creation" && k.service == "security":
		c.names = merge(windowsNames, securityNames)
		c.openKnown = false
	}
	if strings.HasPrefix(k.category, "registry_") {
		c.categories = append(c.categories, "registry_event")
	}
}

// spaced writes a name as Microsoft Defender does: ThreatName is Threat Name.
func spaced(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if i > 0 && name[i] >= 'A' && name[i] <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z' {
			b.WriteByte(' ')
		}
		b.WriteByte(name[i])
	}
	return b.String()
}
