package jsonscan

import "unsafe"

// escape checks the escape at i and returns the place behind it.
func escape(rec []byte, i int) (int, error) {
	if i+1 >= len(rec) {
		return i, ErrTruncated
	}
	switch rec[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k >= len(rec) {
				return k, ErrTruncated
			}
			if hexValue(rec[k]) < 0 {
				return k, ErrSyntax
			}
		}
		return i + 6, nil
	}
	return i, ErrSyntax
}

// number checks the number at i and returns the place behind it.
func number(rec []byte, i int) (int, error) {
	if rec[i] == '-' {
		i++
	}
	if i == len(rec) {
		return i, ErrTruncated
	}
	switch c := rec[i]; {
	case c == '0':
		i++
	case c >= '1' && c <= '9':
		i = digits(rec, i)
	default:
		return i, ErrSyntax
	}
	if i < len(rec) && rec[i] == '.' {
		end := digits(rec, i+1)
		if end == i+1 {
			return end, unfinished(rec, end)
		}
		i = end
	}
	if i < len(rec) && rec[i]|0x20 == 'e' {
		i++
		if i < len(rec) && (rec[i] == '+' || rec[i] == '-') {
			i++
		}
		end := digits(rec, i)
		if end == i {
			return end, unfinished(rec, end)
		}
		i = end
	}
	return i, nil
}

func digits(rec []byte, i int) int {
	for i < len(rec) && rec[i]-'0' <= 9 {
		i++
	}
	return i
}

func unfinished(rec []byte, i int) error {
	if i == len(rec) {
		return ErrTruncated
	}
	return ErrSyntax
}

// container checks the array or object at i and returns the place behind it,
// and whether it has bytes above 0x7F.
func container(rec []byte, i, depth int) (end int, high bool, err error) {
	if depth >= MaxDepth {
		return i, false, ErrDepth
	}
	open := rec[i]
	i = skipSpace(rec, i+1)
	if i < len(rec) && rec[i] == open+2 { // ']' is '['+2, '}' is '{'+2
		return i + 1, false, nil
	}
	for {
		if open == '{' {
			if i, err = skipKey(rec, i, &high); err != nil {
				return i, high, err
			}
		}
		var t Token
		if i, err = value(&t, rec, i, depth+1); err != nil {
			return i, high, err
		}
		high = high || t.High
		i = skipSpace(rec, i)
		if i == len(rec) {
			return i, high, ErrTruncated
		}
		switch rec[i] {
		case open + 2:
			return i + 1, high, nil
		case ',':
			i = skipSpace(rec, i+1)
		default:
			return i, high, ErrSyntax
		}
	}
}

// skipKey checks the key and colon at i and returns the place of the value.
func skipKey(rec []byte, i int, high *bool) (int, error) {
	if i == len(rec) {
		return i, ErrTruncated
	}
	if rec[i] != '"' {
		return i, ErrSyntax
	}
	var t Token
	i, err := str(&t, rec, i+1)
	if err != nil {
		return i, err
	}
	*high = *high || t.High
	i = skipSpace(rec, i)
	if i == len(rec) {
		return i, ErrTruncated
	}
	if rec[i] != ':' {
		return i, ErrSyntax
	}
	return skipSpace(rec, i+1), nil
}

func skipSpace(rec []byte, i int) int {
	for i < len(rec) && (rec[i] == ' ' || rec[i] == '\t' || rec[i] == '\n' || rec[i] == '\r') {
		i++
	}
	return i
}

// text returns rec[i:end] as a string that aliases it.
func text(rec []byte, i, end int) string {
	return unsafe.String(unsafe.SliceData(rec[i:end]), end-i)
}

// Parse reads one JSON value, of which rec consists.
func Parse(t *Token, rec []byte) error {
	*t = Token{}
	end, err := value(t, rec, 0, 1)
	if err == nil && end != len(rec) {
		err = ErrSyntax
	}
	return err
}
