package simulate

import (
	"strings"
)

// disguise encodes the value of a parameter as evasive tools do, if the step
// wants it: keywords in mixed case, spaces as comments, every percent sign
// encoded once more.
func (st *step) disguise(value string, d dice) string {
	if !st.evasive {
		return value
	}
	value = mixCase(value, d)
	switch d.IntN(3) {
	case 0:
		return strings.ReplaceAll(value, "%20", "/**/")
	case 1:
		return strings.ReplaceAll(value, "%", "%25")
	default:
		var b strings.Builder
		for _, c := range []byte(value) {
			if c == '.' || c == '/' || c == '\'' || c == '(' {
				b.WriteString("%25" + hex(c))
			} else if c == '%' {
				b.WriteString("%25")
			} else {
				b.WriteByte(c)
			}
		}
		return b.String()
	}
}

func hex(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}

// mixCase changes the case of letters in words of SQL and HTML, not of paths,
// which servers take as they are.
func mixCase(value string, d dice) string {
	if strings.Contains(value, "etc") || strings.Contains(value, "http") {
		return value
	}
	b := []byte(value)
	for i, c := range b {
		if i > 0 && b[i-1] == '%' || i > 1 && b[i-2] == '%' {
			continue
		}
		if (c|0x20) >= 'a' && (c|0x20) <= 'z' && d.chance(0.5) {
			b[i] ^= 0x20
		}
	}
	return string(b)
}

// plainNames are what a script that is to be overlooked is called, by the
// content of the site.
var plainNames = map[string][]string{
	"php":  {"/includes/session.inc.php", "/js/jquery.cache.php", "/img/thumb.php", "/css/theme.php", "/lang/zh-tw.php"},
	"aspx": {"/App_Themes/theme.aspx", "/Scripts/bundle.aspx", "/Images/resize.aspx", "/Common/Print.aspx"},
	"java": {"/portal/res/theme.jsp", "/portal/common/error2.jsp", "/portal/js/locale.jsp"},
}
