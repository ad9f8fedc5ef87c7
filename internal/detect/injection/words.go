package injection

// A keyword is what a word is to SQL.
type keyword uint8

const (
	none keyword = iota
	kLogic
	kNot
	kCompare // like, is, in, between, ...
	kSelect
	kUnion
	kQuantity // all, distinct, top
	kFrom
	kWhere
	kClause // order, group, having, limit, ...
	kInto
	kBy
	kConstant // null, true, false
	kCase
	kStatement // what begins a statement
	kObject    // what DROP and CREATE are about
	kJoin
	kAs
	kCall // functions that injections use; with ( only
)

var keywords = keywordTable(map[keyword]string{
	kLogic:    "and or xor",
	kNot:      "not binary",
	kCompare:  "like rlike ilike regexp is in between glob similar sounds match div mod",
	kSelect:   "select",
	kUnion:    "union except intersect minus",
	kQuantity: "all distinct distinctrow top",
	kFrom:     "from", kWhere: "where", kInto: "into", kBy: "by", kAs: "as", kCase: "case",
	kClause:   "order group having limit offset procedure returning fetch",
	kConstant: "null true false",
	kStatement: "insert update delete drop alter create truncate exec execute declare waitfor shutdown call handler set merge replace copy attach load grant revoke " +
		"print if begin rename pragma backup use commit rollback do",
	kObject: "table database view user function procedure index schema trigger login role column tablespace sequence temporary",
	kJoin:   "join inner left right cross natural on using",
	kCall: "sleep pg_sleep benchmark extractvalue updatexml load_file load_extension char chr ascii ord hex unhex concat concat_ws group_concat string_agg substr substring mid " +
		"version user database schema current_user session_user system_user db_name host_name cast convert ifnull isnull coalesce nullif iif elt make_set gtid_subset gtid_subtract " +
		"exp floor rand randomblob row count length len upper lower json_extract json_keys json_value json_array json_search json_depth json_length json_object xmltype query_to_xml database_to_xml " +
		"to_char to_number decode instr ltrim rtrim replace reverse ascii unicode bin conv md5 sha1 sha exists polygon multipoint geometrycollection linestring st_latfromgeohash " +
		"generate_series pg_read_file pg_ls_dir lo_import lo_get current_setting current_database sqlite_version last_insert_rowid zeroblob like likelihood if now sysdate strcmp field find_in_set " +
		"char_length octet_length bit_length str_to_date getdate connection_id row_count uuid array_to_string string_to_array unistr analyse openrowset opendatasource",
})

func keywordTable(lists map[keyword]string) map[string]keyword {
	out := make(map[string]keyword)
	// Later ranks win where a word stands in several lists.
	for _, k := range []keyword{kCall, kObject, kStatement, kClause, kJoin, kConstant, kQuantity, kCompare, kLogic, kNot, kSelect, kUnion, kFrom, kWhere, kInto, kBy, kAs, kCase} {
		start := -1
		list := lists[k] + " "
		for i := range len(list) {
			switch {
			case list[i] != ' ' && start < 0:
				start = i
			case list[i] == ' ' && start >= 0:
				out[list[start:i]] = k
				start = -1
			}
		}
	}
	return out
}

// alsoCall are keywords that are functions, too, if a parenthesis follows.
func alsoCall(t token) bool {
	switch t.text {
	case "if", "replace", "exists", "user", "database", "schema", "like", "char":
		return true
	}
	return t.key == kCall
}
