package webjson

// action is the place of a value in an event.
type action int32

const (
	rest action = iota
	clock
	client
	clientPort
	request // the request line
	method
	url     // path and query, or absolute
	urlPath // path alone
	query
	domain
	status
	responseBytes
	requestBytes
	seconds     // duration
	nanoseconds // duration
	referrer
	userAgent
	user
	server
	serverPort
	serverName // TLS
	tlsVersion
	hostName
	numActions
)

// field packs an action with its rank: of several members for one action, the
// one with the highest rank is taken.
func field(a action, rank int32) int32 { return int32(a) | rank<<8 }

func split(f int32) (action, int32) { return action(f & 0xff), f >> 8 }

// fields by dotted path. nginx: variables of ngx_http_core_module under their
// own or the customary short names. Traefik: "Access Logs", list of fields.
// Caddy: http.log.access. ECS: field reference, version 8.
var fields = map[string]int32{
	// Time. What says when the request came, or to the millisecond, is better.
	"msec": field(clock, 6), "StartUTC": field(clock, 7), "time_iso8601": field(clock, 5), "@timestamp": field(clock, 4),
	"StartLocal": field(clock, 3), "ts": field(clock, 4), "timestamp": field(clock, 3), "time": field(clock, 2),
	"time_local": field(clock, 1), "datetime": field(clock, 1), "date": field(clock, 0),

	"remote_addr": field(client, 3), "client_ip": field(client, 4), "clientip": field(client, 4), "remote_ip": field(client, 2),
	"client": field(client, 1), "ip": field(client, 0), "ClientHost": field(client, 4), "ClientAddr": field(client, 3),
	"request.client_ip": field(client, 4), "request.remote_ip": field(client, 3), "request.remote_addr": field(client, 2),
	"source.ip": field(client, 5), "client.ip": field(client, 4), "source.address": field(client, 1), "client.address": field(client, 1),
	"remoteIp": field(client, 2), "clientIp": field(client, 4), "remote_host": field(client, 0),

	"remote_port": field(clientPort, 1), "ClientPort": field(clientPort, 1), "request.remote_port": field(clientPort, 1),
	"source.port": field(clientPort, 2), "client.port": field(clientPort, 1),

	"request": field(request, 1), "request_line": field(request, 1), "RequestLine": field(request, 1),

	"request_method": field(method, 2), "method": field(method, 1), "RequestMethod": field(method, 2), "verb": field(method, 1),
	"request.method": field(method, 2), "http.request.method": field(method, 2), "http_method": field(method, 1), "requestMethod": field(method, 1),

	"request_uri": field(url, 5), "RequestPath": field(url, 5), "request.uri": field(url, 5), "url.original": field(url, 5),
	"url": field(url, 3), "url.full": field(url, 2), "requestUrl": field(url, 3), "http.request.uri": field(url, 2),
	"uri": field(urlPath, 2), "url.path": field(urlPath, 3), "path": field(urlPath, 1), "uri_path": field(urlPath, 2), "request_path": field(urlPath, 2),
	"args": field(query, 2), "query_string": field(query, 3), "url.query": field(query, 3), "query": field(query, 1),

	"host": field(domain, 2), "http_host": field(domain, 3), "vhost": field(domain, 1), "server_name": field(domain, 0), "virtual_host": field(domain, 1),
	"RequestHost": field(domain, 3), "RequestAddr": field(domain, 1), "request.host": field(domain, 3), "url.domain": field(domain, 3), "http.request.host": field(domain, 2),

	"status": field(status, 2), "status_code": field(status, 2), "DownstreamStatus": field(status, 3), "OriginStatus": field(status, 1),
	"http.response.status_code": field(status, 3), "response_status": field(status, 1), "response_code": field(status, 1), "response": field(status, 0),

	"body_bytes_sent": field(responseBytes, 3), "bytes_sent": field(responseBytes, 2), "bytes": field(responseBytes, 1), "size": field(responseBytes, 1),
	"DownstreamContentSize": field(responseBytes, 3), "OriginContentSize": field(responseBytes, 2),
	"http.response.body.bytes": field(responseBytes, 3), "http.response.bytes": field(responseBytes, 2), "responseSize": field(responseBytes, 1),

	"request_length": field(requestBytes, 1), "RequestContentSize": field(requestBytes, 1), "bytes_read": field(requestBytes, 1),
	"http.request.body.bytes": field(requestBytes, 2), "http.request.bytes": field(requestBytes, 1),

	"request_time": field(seconds, 2), "duration": field(seconds, 1), "Duration": field(nanoseconds, 1), "event.duration": field(nanoseconds, 2),

	"http_referer": field(referrer, 2), "http_referrer": field(referrer, 2), "referer": field(referrer, 1), "referrer": field(referrer, 1),
	"request_Referer": field(referrer, 2), "request.headers.Referer": field(referrer, 2), "http.request.referrer": field(referrer, 2),

	"http_user_agent": field(userAgent, 2), "user_agent": field(userAgent, 1), "useragent": field(userAgent, 1), "agent": field(userAgent, 0), "userAgent": field(userAgent, 1),
	"request_User-Agent": field(userAgent, 2), "request.headers.User-Agent": field(userAgent, 2), "user_agent.original": field(userAgent, 2),

	"remote_user": field(user, 2), "user": field(user, 1), "ClientUsername": field(user, 2), "user_id": field(user, 1), "user.name": field(user, 2),

	"server_addr": field(server, 1), "destination.ip": field(server, 2), "server.ip": field(server, 1),
	"server_port": field(serverPort, 1), "RequestPort": field(serverPort, 1), "destination.port": field(serverPort, 2), "server.port": field(serverPort, 1),
	"request.tls.server_name": field(serverName, 2), "ssl_server_name": field(serverName, 1), "tls.client.server_name": field(serverName, 2),
	"ssl_protocol": field(tlsVersion, 1), "TLSVersion": field(tlsVersion, 1), "tls.version": field(tlsVersion, 2),
	"hostname": field(hostName, 1), "host.name": field(hostName, 2), "observer.name": field(hostName, 1),
}

func fieldOf(path string) int32 { return fields[path] }
