package peek

// blank tells linear white space. Inside a header CR and LF can only be part of a fold, which counts as one blank (RFC 3261 section 7.3.1).
func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func skipBlanks(b []byte, i, end int) int {
	for i < end && blank(b[i]) {
		i++
	}
	return i
}

// trim takes blanks off both ends.
func trim(b []byte, s Span) Span {
	s.From = skipBlanks(b, s.From, s.To)
	for s.To > s.From && blank(b[s.To-1]) {
		s.To--
	}
	return s
}

// tokenBytes are those of RFC 3261 "token".
var tokenBytes = func() (t [256]bool) {
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for _, c := range "0123456789-.!%*_+`'~" {
		t[c] = true
	}
	return t
}()

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(b) > 0
}

// quoteEnd gives the place after the closing quote of the string that opens at i, or end when it never closes.
func quoteEnd(b []byte, i, end int) (int, bool) {
	for i++; i < end; i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1, true
		}
	}
	return end, false
}

// valueEnd gives the place of the comma that ends the list value beginning at i, or end. Commas in quotes and in <...> do not count;
// what never closes reaches to the end, and is refused by whoever reads the value.
func valueEnd(b []byte, i, end int) int {
	for i < end {
		switch b[i] {
		case ',':
			return i
		case '"':
			i, _ = quoteEnd(b, i, end)
			continue
		case '<':
			for i < end && b[i] != '>' {
				i++
			}
		}
		i++
	}
	return end
}

// param is one ";name=value"; without "=" Value is empty and lies where a value would be written.
type param struct {
	Name, Value Span
	Assigned    bool
}

// nextParam reads the parameter that begins (with its semicolon) at i. more is false at the end; ok is false for what is no parameter list.
// Quoted values keep their quotes. Empty parameters (";;") are skipped: some phones send them.
func nextParam(b []byte, i, end int) (p param, next int, more, ok bool) {
	for {
		if i = skipBlanks(b, i, end); i >= end {
			return p, end, false, true
		}
		if b[i] != ';' {
			return p, i, false, false
		}
		i = skipBlanks(b, i+1, end)
		if i < end && b[i] == ';' {
			continue
		}
		break
	}
	if i >= end {
		return p, end, false, true
	}
	p.Name.From = i
	for i < end && b[i] != ';' && b[i] != '=' && b[i] != '"' && !blank(b[i]) {
		i++
	}
	p.Name.To = i
	p.Value = Span{i, i}
	if p.Name.Empty() {
		return p, i, false, false
	}
	if i = skipBlanks(b, i, end); i >= end || b[i] != '=' {
		return p, i, true, true
	}
	p.Assigned = true
	i = skipBlanks(b, i+1, end)
	p.Value.From = i
	if i < end && b[i] == '"' {
		i, ok = quoteEnd(b, i, end)
	} else {
		ok = true
		for i < end && b[i] != ';' && !blank(b[i]) {
			i++
		}
	}
	p.Value.To = i
	return p, i, true, ok
}

// equalFold compares ASCII without case; lower must be lower case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// number reads decimal digits, all of them, up to limit.
func number(b []byte, limit int) (int, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int(c-'0'); n > limit {
			return 0, false
		}
	}
	return n, len(b) > 0
}
