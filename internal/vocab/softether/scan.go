package softether

import "strings"

// forward returns where the value that begins at pos ends; the literal after
// it must follow.
func (p *part) forward(text string, pos int) (end int, ok bool) {
	switch p.typ {
	case typeNumber:
		end, ok = number(text, pos)
	case typeIP:
		end, ok = ipEnd(text, pos, p.lit)
	case typeCID:
		end, ok = tagged(text, pos, "CID-")
	case typeRPC:
		end, ok = tagged(text, pos, "RPC-")
	case typeMAC:
		end, ok = pos+17, isMAC(text, pos)
	case typeSID:
		k := -1
		if strings.HasPrefix(text[min(pos, len(text)):], "SID-") {
			k = strings.Index(text[pos:], p.lit)
		}
		end, ok = pos+k, k > 0
	default:
		k := strings.Index(text[min(pos, len(text)):], p.lit)
		end, ok = pos+k, k >= 0
	}
	return end, ok && strings.HasPrefix(text[end:], p.lit)
}

// backward returns where the value that ends at end begins, -1 if there is
// none. It does not look before low.
func (p *part) backward(text string, low, end int) int {
	i := end
	switch p.typ {
	case typeNumber:
		for i > low && isDigit(text[i-1]) {
			i--
		}
	case typeIP:
		for i > low && isIPByte(text[i-1]) {
			i--
		}
	case typeMAC:
		if i = end - 17; i < low || !isMAC(text[:end], i) {
			return -1
		}
	case typeCID, typeRPC:
		for i > low && isDigit(text[i-1]) {
			i--
		}
		tag := "CID-"
		if p.typ == typeRPC {
			tag = "RPC-"
		}
		if i == end || i-4 < low || text[i-4:i] != tag {
			return -1
		}
		return i - 4
	case typeSID:
		i = low + strings.LastIndex(text[low:end], "SID-")
		if i < low {
			return -1
		}
	}
	if i == end {
		return -1
	}
	return i
}

func number(text string, pos int) (int, bool) {
	i := pos
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i, i > pos && i-pos <= 20
}

func tagged(text string, pos int, tag string) (int, bool) {
	if pos > len(text) || !strings.HasPrefix(text[pos:], tag) {
		return pos, false
	}
	return number(text, pos+len(tag))
}

// ipEnd finds the end of an address. Before a port the last colon separates.
func ipEnd(text string, pos int, lit string) (int, bool) {
	i := pos
	for i < len(text) && isIPByte(text[i]) {
		i++
	}
	if strings.HasPrefix(lit, ":") {
		i = pos + max(0, strings.LastIndexByte(text[min(pos, i):i], ':'))
	} else if strings.HasPrefix(lit, ".") && i > pos && text[i-1] == '.' {
		i--
	}
	return i, i > pos
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isIPByte(c byte) bool {
	return isDigit(c) || c == '.' || c == ':' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isMAC(text string, pos int) bool {
	if pos+17 > len(text) {
		return false
	}
	for i := range 17 {
		c := text[pos+i]
		if i%3 == 2 {
			if c != '-' {
				return false
			}
		} else if !isDigit(c) && (c < 'A' || c > 'F') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
