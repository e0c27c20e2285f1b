package jvmroute

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// The twins below say the same as the package with allocation, regular expressions and the standard library: written to
// be read, compared with the package by the fuzz targets.

var (
	twinHead   = regexp.MustCompile(`^JSESSIONID[\t-\r ]*`)
	twinQuoted = regexp.MustCompile(`(?s)^"(.*)"$`)
	twinEscape = regexp.MustCompile(`%[0-9a-fA-F]{2}`)
	twinValue  = regexp.MustCompile(`^[^;/]*`)
	twinID     = regexp.MustCompile(`^[A-Za-z0-9_.+/=~!:*@$%|-]{1,255}$`)
	twinRoute  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,60}$`)
)

// twinCookies is mod_jk's get_cookie for one line, as a list of values.
func twinCookies(line string) (values []string) {
	before := ""
	for line != "" {
		boundary := before == "" || strings.ContainsAny(before, ";, \t\n\v\f\r")
		word := twinHead.FindString(line)
		if word == "" || !boundary {
			before, line = line[:1], line[1:]
			continue
		}
		rest := line[len(word):]
		if len(rest) < 2 || rest[0] != '=' {
			if rest == "" {
				break
			}
			before, line = rest[:1], rest[1:]
			continue
		}
		value := rest[1:]
		before, line = "", ""
		if cut := strings.IndexAny(value, ";,"); cut >= 0 {
			before, line = value[cut:cut+1], value[cut+1:]
			value = value[:cut]
		}
		if quoted := twinQuoted.FindStringSubmatch(value); quoted != nil {
			value = quoted[1]
		}
		values = append(values, value)
	}
	return values
}

// twinPathID finds the first session id in the path of an origin-form target, with all escapes removed first, as httpd
// does before mod_jk sees it.
func twinPathID(target, name string) (id string, found bool) {
	path, _, _ := strings.Cut(target, "#")
	path, _, _ = strings.Cut(path, "?")
	path = twinEscape.ReplaceAllStringFunc(path, func(s string) string {
		s, _ = url.PathUnescape(s)
		return s
	})
	for {
		_, rest, ok := strings.Cut(path, ";"+name+"=")
		if !ok {
			return "", false
		}
		if rest != "" {
			return twinValue.FindString(rest), true
		}
		path = rest
	}
}

// twinCandidates is the whole reading of one request with the default names.
func twinCandidates(target, line string) (ids []string) {
	if id, found := twinPathID(target, "jsessionid"); found {
		if twinValidID(id) {
			ids = append(ids, id)
		}
		return ids
	}
	for _, value := range twinCookies(line) {
		value = strings.TrimLeft(value, " \t\n\v\f\r")
		if twinValidID(value) && !slices.Contains(ids, value) && len(ids) < MaxIDs {
			ids = append(ids, value)
		}
	}
	return ids
}

func twinValidID(id string) bool {
	return twinID.MatchString(id)
}

func twinSplit(id string, lastDot bool) (base, route string) {
	parts := strings.Split(id, ".")
	cut := 1
	if lastDot {
		cut = len(parts) - 1
	}
	route = strings.Join(parts[min(cut, len(parts)):], ".")
	if len(parts) == 1 || !twinRoute.MatchString(route) {
		return id, ""
	}
	return strings.Join(parts[:cut], "."), route
}

// twinQuery looks a parameter up with net/url; ok is false where the two are allowed to differ (pairs that net/url drops).
func twinQuery(query, name string) (value string, presence Presence, ok bool) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", Absent, false
	}
	all := values[name]
	for i, v := range all {
		if len(v) > MaxValue || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return "", Malformed, true
		}
		if i > 0 && v != all[0] {
			return "", Conflict, true
		}
	}
	if len(all) == 0 || all[0] == "" {
		return "", Absent, true
	}
	return all[0], Single, true
}

// twinParam is ParamValue for the name "key".
func twinParam(path, query string) (string, Presence) {
	unescape := func(s string) string {
		return twinEscape.ReplaceAllStringFunc(s, func(s string) string {
			s, _ = url.PathUnescape(s)
			return s
		})
	}
	var raw []string
	for _, pair := range strings.Split(query, "&") {
		if key, value, _ := strings.Cut(pair, "="); unescape(key) == "key" && value != "" {
			raw = append(raw, unescape(value))
		}
	}
	if len(raw) == 0 {
		for rest := unescape(path); ; {
			_, after, ok := strings.Cut(rest, ";key=")
			if !ok {
				break
			}
			if value := twinValue.FindString(after); value != "" {
				raw = append(raw, value)
			}
			rest = after
		}
	}
	for i, v := range raw {
		if len(v) > MaxValue || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return "", Malformed
		}
		if i > 0 && v != raw[0] {
			return "", Conflict
		}
	}
	if len(raw) == 0 {
		return "", Absent
	}
	return raw[0], Single
}
