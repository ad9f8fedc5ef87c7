package winjson

// systemNames are the attributes below Event.System, so that their names need
// not be put together for each record.
var systemNames = map[[2]string]string{
	{"Provider", "Guid"}: "Provider.Guid", {"Provider", "EventSourceName"}: "Provider.EventSourceName",
	{"Execution", "ProcessID"}: "Execution.ProcessID", {"Execution", "ThreadID"}: "Execution.ThreadID",
	{"Correlation", "ActivityID"}: "Correlation.ActivityID", {"Correlation", "RelatedActivityID"}: "Correlation.RelatedActivityID",
	{"Security", "UserID"}: "Security.UserID", {"EventID", "Qualifiers"}: "EventID.Qualifiers",
}

func systemName(element, name string) string {
	if s, ok := systemNames[[2]string{element, name}]; ok {
		return s
	}
	return element + "." + name
}

// joined are the names that Winlogbeat's members get outside their objects.
var joined = func() map[string]map[string]string {
	out := map[string]map[string]string{}
	for prefix, names := range map[string][]string{
		"winlog.": {"record_id", "task", "opcode", "provider_guid", "process", "keywords", "version", "api", "user", "activity_id", "time_created", "logon"},
		"event.":  {"action", "kind", "created", "outcome", "category", "type", "module", "original", "ingested"},
		"host.":   {"hostname", "os", "id", "ip", "mac", "architecture"},
	} {
		out[prefix] = map[string]string{}
		for _, n := range names {
			out[prefix][n] = prefix + n
		}
	}
	return out
}()

func join(prefix, name string) string {
	if s, ok := joined[prefix][name]; ok {
		return s
	}
	return prefix + name
}
