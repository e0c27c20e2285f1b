package preview

import (
	"cmp"
	"slices"

	"twinhop/admin/affinity"
	"twinhop/cmd/twinhop/sipwords"
	"twinhop/gateway"
	"twinhop/gateway/trace/specimens"
	httpfront "twinhop/http"
)

// describes says for people what each source is.
var describes = map[string]string{
	"query":     "a GET parameter: the identity of an application session, as ?appsession=alice",
	"cookie":    "the session cookie, or its id in the path; one name only",
	"header":    "a header field: the identity of an application session",
	"call-id":   "the Call-ID: each call on its own; always the last resort",
	"from.user": "the user who calls, whatever the domain",
	"to.user":   "the user or number that is called, whatever the domain",
	"from.aor":  "who calls, as user@domain",
	"to.aor":    "who is called, as user@domain",
	"header:":   "a header: the identity of an application session",
}

// Sources lists the places that can be named, with the names in a record of
// traffic.
func Sources(list []specimens.Specimen) *affinity.Sources {
	all := &affinity.Sources{}
	for _, word := range httpfront.Sources() {
		all.HTTP = append(all.HTTP, affinity.Source{Word: word, Named: true, Description: describes[word], Seen: seen(list, false, word)})
	}
	for _, word := range sipwords.Sources() {
		s := affinity.Source{Word: word, Description: describes[word]}
		if word == "header:" {
			s.Named, s.Seen = true, seen(list, true, "header")
		}
		all.SIP = append(all.SIP, s)
	}
	return all
}

const seenMost = 20

// seen are the names of one source in traffic, most frequent first. One that
// came once may be a slip, or a secret that was taken for a name.
func seen(list []specimens.Specimen, sip bool, word string) []affinity.Seen {
	counts, of := map[string]int{}, 0
	for i := range list {
		s := &list[i]
		if s.SIP != sip {
			continue
		}
		of++
		last := ""
		for j := range s.Keys {
			if k := &s.Keys[j]; k.Source != gateway.NoSource && k.Source.String() == word && k.Name != last {
				counts[k.Name]++
				last = k.Name
			}
		}
	}
	var all []affinity.Seen
	for name, n := range counts {
		if n > 1 {
			all = append(all, affinity.Seen{Name: name, Share: share(n, of)})
		}
	}
	slices.SortFunc(all, func(a, b affinity.Seen) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Name, b.Name))
	})
	return all[:min(len(all), seenMost)]
}
