package jvmroute

import "strings"

// ParamValue looks up a parameter that servers write into URLs as it is, by its exact name: in the raw query (without '?'),
// else as a parameter of any segment of the path. Names and values are percent-decoded once; a plus stays a plus. The value
// is a view of the input unless it was escaped; it is "" unless the presence is Single. It allocates nothing otherwise.
func ParamValue(path, rawQuery, name string) (string, Presence) {
	value, presence := "", Absent
	for pair, rest, more := "", rawQuery, rawQuery != ""; more; {
		pair, rest, more = strings.Cut(rest, "&")
		if key, raw, _ := strings.Cut(pair, "="); len(key) >= len(name) && raw != "" && unescapePath(key) == name {
			if value, presence = another(value, presence, raw); presence > Single {
				return "", presence
			}
		}
	}
	if presence == Single || strings.IndexByte(path, ';') < 0 && !strings.Contains(path, "%3") {
		return value, presence
	}
	d := Dialect{Path: name}
	for v, ok := d.nextPathID(path, 0); ok; v, ok = d.nextPathID(path, v.next) {
		if v.start == v.end {
			continue
		}
		if value, presence = another(value, presence, path[v.start:v.end]); presence > Single {
			return "", presence
		}
	}
	return value, presence
}

// another takes one more value of a parameter into account.
func another(value string, presence Presence, raw string) (string, Presence) {
	decoded := unescapePath(raw)
	if len(decoded) > MaxValue {
		return "", Malformed
	}
	for i := range len(decoded) {
		if decoded[i] < ' ' || decoded[i] == 0x7f {
			return "", Malformed
		}
	}
	if presence == Single && decoded != value {
		return "", Conflict
	}
	return decoded, Single
}
