package injection

import (
	"path"
	"strings"
	"unsafe"
)

// Command injection is a value with a command where a shell would look for
// one: behind a separator or in a substitution. The word there is read as a
// shell reads it, without quotes, backslashes, carets and expansions to
// nothing, and looked up. Names that are words of English, too, need an
// argument that prose has not, or nothing around them.

// commandInjection reports whether v, decoded, injects a command. word is
// scratch memory.
func commandInjection(v string, word *[]byte) bool {
	s := shell{v: v, word: word}
	if s.start() {
		return true
	}
	for i := 0; i < len(v); i++ {
		n := 0
		switch c := v[i]; c {
		case ';', '|', '\n':
			n = 1
			if c == '|' && i+1 < len(v) && (v[i+1] == '|' || v[i+1] == '&') {
				n = 2
			}
		case '&':
			n = 1
			if i+1 < len(v) && v[i+1] == '&' {
				n = 2
			}
		case '$', '<', '>':
			if i+1 < len(v) && v[i+1] == '(' {
				if s.substitution(i, 2) {
					return true
				}
			} else if c == '$' && s.variable(i) {
				return true
			}
			continue
		case '`':
			if s.substitution(i, 1) || i > 0 && i+2 < len(v) && v[i+1] == '`' && isWord(v[i-1]) && isWord(v[i+2]) {
				return true
			}
			continue
		case '/':
			if s.wildcard(i) {
				return true
			}
			continue
		case '{':
			if s.brace(i) {
				return true
			}
			continue
		}
		if n > 0 && s.command(i, i+n) {
			return true
		}
		i += max(n-1, 0)
	}
	return false
}

type shell struct {
	v    string
	word *[]byte
}

// read reads the word at i as a shell does, and returns what it becomes, where
// it ends, and whether it was written so as not to be recognized.
func (s *shell) read(i int) (text string, next int, disguised bool) {
	start := len(*s.word)
	w := *s.word
	v, first := s.v, i
	quotes, inner := 0, false // quotes, and whether one stands beside letters
scan:
	for i < len(v) {
		c := v[i]
		switch {
		case c == '\'' || c == '"':
			quotes++
			inner = inner || i > first && i+1 < len(v) && isWord(v[i+1])
			i++
		case c == '\\' || c == '^':
			disguised = disguised || len(w) > start && i+1 < len(v) && isWord(v[i+1])
			i++
		case c == '$':
			n := nothing(v[i:])
			if n == 0 {
				break scan
			}
			disguised = disguised || len(w) > start
			i += n
		case c == '`' && i+1 < len(v) && v[i+1] == '`' && len(w) > start:
			disguised = true
			i += 2
		case isWord(c) || isDigit(c) || strings.IndexByte("-./:~", c) >= 0:
			w = append(w, c)
			i++
		default:
			break scan
		}
	}
	*s.word = w
	if len(w) == start {
		return "", i, false
	}
	text = unsafe.String(&w[start], len(w)-start) // never written again: words lie one behind the other
	return text, i, disguised || quotes > 0 && quotes%2 == 0 && inner && (quotes > 2 || v[first] != v[i-1])
}

// nothing returns the length of an expansion to nothing at the beginning of v:
// $@, $*, $(), $x followed by no further sign of a name, ${x}.
func nothing(v string) int {
	switch {
	case len(v) < 2:
		return 0
	case v[1] == '@' || v[1] == '*' || v[1] == '!' || isDigit(v[1]):
		return 2
	case strings.HasPrefix(v, "$()"):
		return 3
	case strings.HasPrefix(v, "${}"):
		return 3
	case v[1] == '{':
		if n := strings.IndexByte(v, '}'); n > 0 && n < 20 && !strings.HasPrefix(v, "${ifs") {
			return n + 1
		}
	}
	return 0
}

// command judges what stands behind the separator v[from:at].
func (s *shell) command(from, at int) bool {
	v := s.v
	for at < len(v) && strings.IndexByte(" ({!\"'@\n", v[at]) >= 0 {
		at++
	}
	if at+1 < len(v) && v[at] == '$' && isWord(v[at+1]) { // $unset, or a command put together
		if s.runsVariable(at) {
			return true
		}
		for at < len(v) && v[at] != ' ' {
			at++
		}
		text, next, _ := s.read(skip(v, at))
		return commands[text] != 0 && (s.argument(next, text) || commands[text] == telling)
	}
	text, next, disguised := s.read(at)
	if text == "" {
		return false
	}
	rank := commands[base(text)]
	switch {
	case rank == 0:
		return strings.Contains(text, "/bin/") || strings.HasPrefix(text, "./") && s.argument(next, text)
	case disguised, s.arguments(next, rank, base(text)):
		return true
	}
	before := strings.TrimLeft(strings.TrimRight(v[:from], " ;|&\n"), " ")
	if before == "" && strings.Count(v[next:], " ") <= 4 {
		return true
	}
	if rest := skip(v, next); rest < len(v) && strings.IndexByte(";|&`)}#<>'\"\n", v[rest]) < 0 {
		return false
	}
	return s.short(before, from > 0 && v[from-1] == ' ', rank, v[from:]) // alone, or followed by what ends a command
}

// arguments reports that one of the words behind a command is an argument.
func (s *shell) arguments(i, rank int, name string) bool {
	if s.argument(i, name) {
		return true
	}
	for range 3 {
		i = skip(s.v, i)
		text, next, _ := s.read(i)
		if text == "" {
			return false
		}
		if i = next; !s.argument(i, "") {
			continue
		}
		if _, n, _ := s.read(skip(s.v, i)); rank == telling || s.v[skip(s.v, i):min(n, len(s.v))] != "" && s.v[skip(s.v, i)] == '/' {
			return true
		}
	}
	return false
}

// start judges a value that is a command line from its beginning: all words
// behind the command must be arguments.
func (s *shell) start() bool {
	v := s.v
	at := 0
	for at < len(v) && (v[at] == ' ' || v[at] == '"' || v[at] == '\'') && (at+1 >= len(v) || v[at+1] == ' ' || v[at] == ' ') {
		at++
	}
	text, next, disguised := s.read(at)
	rank := commands[base(text)]
	if rank == launcher {
		text, next, disguised = s.read(skip(v, next))
		if rank = commands[base(text)]; rank == telling && skip(v, next) >= len(v) {
			return true
		}
	}
	if rank == 0 || disguised {
		return rank != 0 && (next < len(v) || rank == telling)
	}
	if rest := skip(v, next); rank == telling && rest == len(v)-1 && strings.IndexByte(";|&", v[rest]) >= 0 {
		return true
	}
	prose, strong, options := 0, false, 0
	for i := next; i < len(v); {
		i = skip(v, i)
		arg, n, _ := s.read(i)
		if arg == "" {
			if i < len(v) && strings.IndexByte(";|&><", v[i]) >= 0 {
				break
			}
			n = i + 1
		}
		switch {
		case place(arg), strings.Count(arg, ".") == 3 && !letters(arg):
			strong = true
		case arg != "" && arg[0] == '-' && len(arg) > 1 && arg[1] != '-':
			options++
		case letters(arg) && strings.IndexByte(arg, '.') < 0:
			if prose++; !strong && options == 0 {
				return false
			}
		}
		i = n
	}
	return strong && prose <= 1 || rank == telling && options > 0 && prose == 0
}

// places are folders that a command line is about.
var places = [...]string{"/etc", "/tmp", "/var", "/proc", "/root", "/dev", "/bin", "/home", "/usr/", "/sbin", "/opt/", "http://", "https://", "ftp://", "c:/"}

func place(arg string) bool {
	for _, p := range places {
		if strings.HasPrefix(arg, p) {
			return true
		}
	}
	return false
}

// short reports that what stands before a separator is a value and not prose.
func (s *shell) short(before string, spaced bool, rank int, sign string) bool {
	before = strings.TrimLeft(before, " ")
	if before == "" {
		return true
	}
	if strings.IndexByte(before, ' ') >= 0 {
		return false
	}
	if !letters(before) { // an address, a number, a sign
		return true
	}
	return !spaced && rank == telling || sign[0] == '&' && len(sign) > 1 && sign[1] == '&' && rank == telling || strings.IndexByte("'\")`", before[len(before)-1]) >= 0
}

func letters(v string) bool {
	for i := range len(v) {
		if isWord(v[i]) {
			return true
		}
	}
	return false
}

func skip(v string, i int) int {
	for i < len(v) && (v[i] == ' ' || v[i] == '+') { // + is a blank that was encoded twice
		i++
	}
	return i
}

// base is a command without its folder and ending.
func base(w string) string {
	if i := strings.LastIndexByte(w, '/'); i >= 0 && strings.Contains(w[:i], "bin") {
		w = w[i+1:]
	}
	return strings.TrimSuffix(w, ".exe")
}

// argument reports that what follows a command at i is an argument, which
// prose has not.
func (s *shell) argument(i int, name string) bool {
	v := s.v
	if i >= len(v) {
		return false
	}
	switch {
	case strings.HasPrefix(v[i:], "<<<"), strings.HasPrefix(v[i:], "$ifs"), strings.HasPrefix(v[i:], "${ifs"), strings.HasPrefix(v[i:], "$9"):
		return true
	case v[i] == '<' || v[i] == '>':
		return i+1 < len(v) && v[i+1] != ' ' && v[i+1] != '('
	case v[i] != ' ' && v[i] != '+':
		return false
	}
	i = skip(v, i)
	arg, next, disguised := s.read(i)
	switch {
	case disguised:
		return true
	case arg == "":
		return i+1 < len(v) && (v[i] == '$' && (isWord(v[i+1]) || v[i+1] == '{' || v[i+1] == '(') || v[i] == '%' && isWord(v[i+1]) || v[i] == '>' || v[i] == '<')
	case arg[0] == '-':
		return len(arg) > 1 && arg[1] != '-' || len(arg) > 3
	case arg[0] == '/':
		return len(arg) > 1 || next >= len(v)
	case strings.Contains(arg, "://"), strings.HasPrefix(arg, "./"), strings.HasPrefix(arg, "~/"), strings.Contains(arg, ":/"), len(arg) == 2 && arg[1] == ':':
		return true
	case arg[0] == '+':
		return true
	}
	if isDigit(arg[0]) && (counted[name] || strings.Count(arg, ".") == 3) && (next >= len(v) || v[next] != ' ' || strings.IndexByte("#;|&", v[skip(v, next)%len(v)]) >= 0 || strings.Count(arg, ".") == 3 || strings.IndexByte("+*-%/", v[skip(v, next)%len(v)]) >= 0) {
		return true // sleep 5, ping 192.0.2.1
	}
	if strings.IndexByte(arg, '/') > 0 || strings.IndexByte(arg, '.') > 0 && arg[len(arg)-1] != '.' && letters(arg) || strings.HasPrefix(v[i:], "'") && next < len(v) && v[next-1] == '\'' {
		return true // a path, a host, a quoted word
	}
	return false
}

// substitution judges $(, <(, >( and ` at i.
func (s *shell) substitution(i, n int) bool {
	v := s.v
	at := i + n
	inside := at < len(v) && v[at] == ')'
	if n == 2 && (inside || at+1 < len(v) && v[at:at+2] == " )") { // pi$()ng
		return i > 0 && i+3 < len(v) && isWord(v[i-1]) && (isWord(v[i+3]) || v[i] != '$' || v[i+3] == ' ') && v[i] != '>' || inside && i > 0 && i+3 < len(v) && isWord(v[i-1]) && isWord(v[i+3])
	}
	if n == 2 && v[at-2] == '$' && at < len(v) && v[at] == '(' { // $((7*7))
		return at+1 < len(v) && (isDigit(v[at+1]) || v[at+1] == ' ' || v[at+1] == '$')
	}
	for at < len(v) && strings.IndexByte(" {\"'", v[at]) >= 0 {
		at++
	}
	text, next, disguised := s.read(at)
	if text == "" {
		return n == 2 && at < len(v) && v[at] == '<'
	}
	rank := commands[base(text)]
	if rank == 0 {
		return strings.Contains(text, "bin/") && n == 2
	}
	if disguised || s.argument(next, base(text)) {
		return true
	}
	if n == 1 && strings.IndexByte(v[next:], '`') < 0 {
		return false
	}
	if close := strings.IndexByte(v[next:], '`'); n == 1 && rank == plain && next+close+2 < len(v) && v[next+close+1] == ' ' && isWord(v[next+close+2]) {
		return false // `who` is a command
	}
	before := strings.TrimRight(v[:i], " ")
	return n == 2 || strings.IndexByte(before, ' ') < 0 && !(before != "" && v[i-1] == ' ')
}

// variable judges $ at i: variables that stand for a blank or a slash.
func (s *shell) variable(i int) bool {
	v := s.v[i+1:]
	v = strings.TrimPrefix(v, "{")
	switch {
	case strings.HasPrefix(v, "ifs"):
		return len(v) == 3 || !isWord(v[3])
	case strings.HasPrefix(v, "path:"), strings.HasPrefix(v, "home:"), strings.HasPrefix(v, "pwd:"), strings.HasPrefix(v, "shell:"), strings.HasPrefix(v, "path%"), strings.HasPrefix(v, "path#"),
		strings.HasPrefix(v, "home%"), strings.HasPrefix(v, "pwd%"), strings.HasPrefix(v, "hostname:"), strings.HasPrefix(v, "langinfo:"), strings.HasPrefix(v, "ps4"), strings.HasPrefix(v, "bash_"):
		return true
	}
	return false
}

// runsVariable judges $x where a command is expected: a command put together.
func (s *shell) runsVariable(i int) bool {
	j := i + 1
	for j < len(s.v) && (isWord(s.v[j]) || isDigit(s.v[j]) || s.v[j] == '{' || s.v[j] == '}' || s.v[j] == '$') {
		j++
	}
	assigned := false
	for k := 0; k+1 < i; k++ {
		if isWord(s.v[k]) && s.v[k+1] == '=' && (k == 0 || strings.IndexByte("; &", s.v[k-1]) >= 0 || isWord(s.v[k-1])) {
			assigned = true
		}
	}
	return j > i+1 && assigned && (j == len(s.v) || strings.IndexByte(" ;|&", s.v[j]) >= 0)
}

// wildcard judges a path with wild cards at i: it is tried on programs and on
// files of passwords.
func (s *shell) wildcard(i int) bool {
	v := s.v[i:]
	if i > 0 && (isWord(s.v[i-1]) || isDigit(s.v[i-1]) || s.v[i-1] == '/' || s.v[i-1] == ':') {
		return false
	}
	j, wild, plain := 0, 0, 0
	for j < min(len(v), 64) && (isWord(v[j]) || isDigit(v[j]) || strings.IndexByte("/?*[]-!@", v[j]) >= 0) {
		switch {
		case v[j] == '?' || v[j] == '*' || v[j] == '[':
			wild++
		case v[j] != '/':
			plain++
		}
		j++
	}
	v = v[:j]
	if wild == 0 || strings.Count(v, "/") < 2 || strings.IndexByte(v, '?') < 0 && strings.IndexByte(v, '[') < 0 || plain+wild < 4 {
		return false
	}
	for _, name := range binaries {
		if ok, err := path.Match(v, name); ok && err == nil {
			return true
		}
	}
	return false
}

// brace judges {cat,/etc/passwd}, which a shell splits into a command and its
// arguments.
func (s *shell) brace(i int) bool {
	v := s.v[i+1:]
	n := strings.IndexByte(v, '}')
	if i > 0 && n > 0 && n+1 < len(v) && isWord(s.v[i-1]) && isWord(v[n+1]) && strings.IndexByte(v[:n], ',') >= 0 && strings.Trim(v[:n], "abcdefghijklmnopqrstuvwxyz,") == "" {
		return true // c{a,}t
	}
	if n < 0 || strings.IndexByte(v[:n], ' ') >= 0 || strings.IndexByte(v[:n], ':') == 0 {
		return false
	}
	v = strings.TrimPrefix(v[:n], ",")
	v = strings.Trim(v, "$\"'")
	first, rest, ok := strings.Cut(v, ",")
	rank := commands[base(strings.Trim(first, "$\"'"))]
	return ok && rank != 0 && (rank == telling || strings.ContainsAny(rest, "/-.") || rest == "") && s.v[i+n] != ':'
}
