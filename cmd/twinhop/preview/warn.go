package preview

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/admin/affinity"
	"twinhop/gateway"
	"twinhop/gateway/config"
	"twinhop/gateway/trace/specimens"
	httpsample "twinhop/http/sample"
	sipsample "twinhop/sip/sample"
)

const (
	few     = 100 // messages say little
	hotPart = 5   // a value in more than one of so many messages is hot
)

// warnings are what may not be meant. groups are those of the draft.
func (x *trial) warnings(groups []*group) []affinity.Warning {
	all := []affinity.Warning{}
	add := func(code, pointer, hint, text string, args ...any) {
		all = append(all, affinity.Warning{Code: code, Text: fmt.Sprintf(text, args...), Pointer: pointer, Hint: hint})
	}
	if n := len(x.list); n < few {
		add("few", "", "wait for more traffic", "only %d messages are recorded: that says little", n)
	}
	for _, g := range groups {
		if n := len(x.list); n >= few && g.count*hotPart > n && named(g.key) {
			add("hot-key", x.pointer(g.key, g.sip), "exclude it if it is nobody: a trunk, a switchboard", "one value of %s, %s, is in %d of %d messages: they all go to one node", where(g.key), text(g.key), g.count, n)
		}
	}
	x.unmatched(add)
	x.legs(add)
	return all
}

type warner func(code, pointer, hint, text string, args ...any)

// unmatched warns of sources that found nothing, and of those that cannot be tried.
func (x *trial) unmatched(add warner) {
	a := &x.next.Affinity
	used, count := map[string]bool{}, [2]int{}
	for i := range x.after {
		if x.list[i].SIP {
			count[1]++
		} else {
			count[0]++
		}
		for _, k := range x.after[i].keys {
			used[x.pointer(k, x.list[i].SIP)] = true
		}
	}
	for i, src := range a.HTTP {
		at, name := fmt.Sprintf("#/affinity/http/%d", i), strings.ToLower(src.Name)
		switch {
		case count[0] == 0 || used[at]:
		case src.Source == "header" && httpsample.Plain(name):
			add("not-recorded", at, "", "the field %s is not recorded: what it would do cannot be told", src.Name)
		default:
			add("no-match", at, "", "no message of %d had the %s %s", count[0], src.Source, src.Name)
		}
	}
	place := 0
	for i, src := range a.SIP {
		at := fmt.Sprintf("#/affinity/sip/%d", i)
		if src.Source == "call-id" {
			continue
		}
		header, isHeader := strings.CutPrefix(src.Source, "header:")
		switch {
		case count[1] == 0 || used[at]:
		case isHeader && sipsample.Plain(strings.ToLower(header)):
			add("not-recorded", at, "", "the header %s is not recorded: what it would do cannot be told", header)
		default:
			add("no-match", at, "", "no message of %d had an identity in %s", count[1], src.Source)
		}
		if n := x.reading.asked[place]; n > 0 {
			add("not-tried", at+"/exclude/pattern", "", "whom this excludes is not known of %d messages: only hashes of their values are kept. Here it excludes nobody", n)
		}
		place++
	}
}

// legs warns of a session led by calls that are not tied to each other.
func (x *trial) legs(add warner) {
	a := &x.next.Affinity
	if a.Leader != "sip" || len(x.reading.sip) > 0 {
		return
	}
	calls, several := map[uint64]uint64{}, map[uint64]bool{}
	for i := range x.list {
		user, call := x.list[i].Find(gateway.SourceFromUser, ""), x.list[i].Find(gateway.SourceCallID, "")
		if user == nil || call == nil {
			continue
		}
		if first, ok := calls[user.Value]; ok && first != call.Value {
			several[user.Value] = true
		}
		calls[user.Value] = call.Value
	}
	if len(several) > 0 {
		add("sip-legs", "#/affinity/sip", "add from.user or to.user", "%d users have several calls, which only their Call-IDs tell apart: they may pull HTTP back and forth", len(several))
	}
}

// pointer is the source of the draft that gave a key; "": none did.
func (x *trial) pointer(k *specimens.Key, sip bool) string {
	a := &x.next.Affinity
	if sip {
		at := slices.IndexFunc(a.SIP, func(src config.SIPSource) bool {
			return src.Source == k.Source.String() || k.Source == gateway.SourceHeader && strings.EqualFold(src.Source, "header:"+k.Name)
		})
		return placed("sip", at)
	}
	word, name := k.Source.String(), k.Name
	if k.Source == gateway.SourcePath || k.Source == gateway.SourceCookie || k.Source == gateway.SourceQuery && name == a.Route.Query {
		word, name = "cookie", ""
	}
	return placed("http", slices.IndexFunc(a.HTTP, func(src config.HTTPSource) bool {
		return src.Source == word && (name == "" || strings.EqualFold(src.Name, name))
	}))
}

func placed(list string, at int) string {
	if at < 0 {
		return ""
	}
	return fmt.Sprintf("#/affinity/%s/%d", list, at)
}

// where names the place of a key for people.
func where(k *specimens.Key) string {
	if k.Name == "" {
		return k.Source.String()
	}
	return k.Source.String() + " " + k.Name
}
