package softether

// Field names what a placeholder of a text stands for.
type Field uint8

// The fields. Those that name something on the far side of a connection (User,
// RDNS, Client, ...) are written by the network unescaped: a quotation mark or a
// line end in them is possible.
const (
	FieldNone          Field = iota // a number or text of no further use
	FieldText                       // the same, for text
	FieldCID                        // connection, "CID-7"
	FieldSID                        // session, "SID-ALICE-3"
	FieldRPC                        // administrator's session, "RPC-9"
	FieldIP                         // outer address of the client
	FieldPort                       // its port
	FieldDestIP                     // the server's address, or one behind SecureNAT
	FieldDestPort                   // its port; of a listener: the port listened on
	FieldInnerIP                    // an address inside the tunnel
	FieldMAC                        //
	FieldHub                        // Virtual Hub
	FieldUser                       // who logs in
	FieldTarget                     // what was created or changed: user, cascade, device, file
	FieldOther                      // the other session or the former name
	FieldRDNS                       // name of FieldIP by reverse DNS
	FieldClient                     // client software
	FieldVersion                    //
	FieldBuild                      //
	FieldProduct                    //
	FieldLanguage                   //
	FieldAuth                       // type of authentication
	FieldUnderlay                   // protocol below the session
	FieldEncryption                 // yes or no, in the log's language
	FieldCipher                     //
	FieldTLS                        // protocol version
	FieldReason                     // in words
	FieldCode                       // in numbers, the same in every language
	FieldMethod                     // of HTTP
	FieldPath                       // of HTTP
	FieldMode                       // of administration or IKE
	FieldCall                       // JSON-RPC method
	FieldBytesOut                   // sent by the server
	FieldBytesIn                    // received by the server
	FieldLimit                      //
	FieldCount                      //
	FieldOS                         //
	FieldOSVersion                  //
	FieldClientHost                 //
	FieldClientIP                   // as the client says
	FieldUniqueID                   // of the client's machine
	FieldProxyHost                  //
	FieldTransport                  //
	FieldProtocol                   //
	FieldDHGroup                    //
	FieldHash                       //
	FieldOption                     // OpenVPN option string
	FieldServerVersion              // 501 of 5.01
	FieldServerBuild                //
	fieldCount
)

type fieldType uint8

const (
	typeText   fieldType = iota // anything up to the next literal
	typeNumber                  // digits
	typeIP
	typeCID // CID- and digits
	typeRPC // RPC- and digits
	typeSID // begins with SID-
	typeMAC // six pairs with -
)

// placeholders maps the names in templates.tsv to fields.
var placeholders = map[string]Field{
	"n": FieldNone, "s": FieldText, "cid": FieldCID, "sid": FieldSID, "rpc": FieldRPC, "ip": FieldIP, "sport": FieldPort,
	"dip": FieldDestIP, "dport": FieldDestPort, "inner_ip": FieldInnerIP, "mac": FieldMAC, "hub": FieldHub,
	"user": FieldUser, "target": FieldTarget, "other": FieldOther, "rdns": FieldRDNS, "client": FieldClient,
	"version": FieldVersion, "build": FieldBuild, "product": FieldProduct, "language": FieldLanguage,
	"auth": FieldAuth, "underlay": FieldUnderlay, "encryption": FieldEncryption, "cipher": FieldCipher,
	"tls": FieldTLS, "reason": FieldReason, "code": FieldCode, "method": FieldMethod, "path": FieldPath,
	"mode": FieldMode, "call": FieldCall, "bytes_out": FieldBytesOut, "bytes_in": FieldBytesIn,
	"limit": FieldLimit, "count": FieldCount, "os": FieldOS, "os_version": FieldOSVersion,
	"client_host": FieldClientHost, "client_ip": FieldClientIP, "unique_id": FieldUniqueID,
	"proxy_host": FieldProxyHost, "transport": FieldTransport, "protocol": FieldProtocol,
	"dh_group": FieldDHGroup, "hash": FieldHash, "option": FieldOption,
	"server_version": FieldServerVersion, "server_build": FieldServerBuild,
	// Of the server's own side or of no use to a reader.
	"client_port": FieldNone,
	"server_host": FieldText, "server_ip": FieldText, "proxy_ip": FieldText,
}

var fieldTypes = [fieldCount]fieldType{
	FieldNone: typeNumber, FieldCID: typeCID, FieldSID: typeSID, FieldRPC: typeRPC, FieldIP: typeIP,
	FieldPort: typeNumber, FieldDestIP: typeIP, FieldDestPort: typeNumber, FieldInnerIP: typeIP, FieldMAC: typeMAC,
	FieldBuild: typeNumber, FieldCode: typeNumber, FieldBytesOut: typeNumber, FieldBytesIn: typeNumber,
	FieldLimit: typeNumber, FieldCount: typeNumber, FieldServerVersion: typeNumber, FieldServerBuild: typeNumber,
}

// hostile tells the fields that a stranger can fill before any login.
var hostile = [fieldCount]bool{
	FieldUser: true, FieldHub: true, FieldRDNS: true, FieldClient: true, FieldClientHost: true, FieldPath: true,
	FieldMethod: true, FieldOption: true, FieldUniqueID: true, FieldOS: true, FieldOSVersion: true, FieldCall: true,
}
