package needs

import (
	"bytes"
	"cmp"
	"net/url"
	"regexp"
	"slices"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
)

// Rule says what the requests take that fit: all that it says must.
type Rule struct {
	User    *regexp.Regexp // found in the user of the Request-URI; nil: any
	Header  string         // a header of this lower-case name is there; "": any
	Match   *regexp.Regexp // and this is found in one of them; nil: whatever it says
	Codecs  []string       // one of these is offered; none: any
	Without []string       // codecs are offered, and none of these is; none: any

	Pool      string // that these requests go to; "": no word of it
	Resources []string
	Overload  bool
	Continue  bool // the rules behind it are asked as well
}

// Rules are asked in their order. They are immutable.
type Rules struct {
	List     []Rule
	Default  []string // where no rule fits
	Refuse   bool     // where no rule fits, nothing is found
	Relative bool     // see cluster.Needs
	Spread   bool     // see cluster.Needs
}

// Find says into n what a request takes, and keeps the memory of its list. pool
// is that of the first rule that fits and names one. ok is false where no rule
// fits and the rules do not say what counts then.
func (r *Rules) Find(m *peek.Message, n *cluster.Needs) (pool string, ok bool) {
	*n = cluster.Needs{Resources: n.Resources[:0], Relative: r.Relative, Spread: r.Spread}
	fits := false
	for i := range r.List {
		x := &r.List[i]
		if !x.fits(m) {
			continue
		}
		fits, pool = true, cmp.Or(pool, x.Pool)
		n.Resources = append(n.Resources, x.Resources...)
		n.Overload = n.Overload || x.Overload
		if !x.Continue {
			break
		}
	}
	if !fits {
		n.Resources = append(n.Resources, r.Default...)
	}
	n.Resources = once(n.Resources)
	return pool, fits || !r.Refuse
}

// Pools are the names of all pools that the rules speak of, in their order.
func (r *Rules) Pools() (names []string) {
	for i := range r.List {
		if p := r.List[i].Pool; p != "" && !slices.Contains(names, p) {
			names = append(names, p)
		}
	}
	return names
}

// once leaves the first of each name: two rules that need the same thing need
// it once.
func once(list []string) []string {
	own := list[:0]
next:
	for _, name := range list {
		for _, other := range own {
			if name == other {
				continue next
			}
		}
		own = append(own, name)
	}
	return own
}

func (x *Rule) fits(m *peek.Message) bool {
	switch {
	case x.User != nil && !x.User.Match(decoded(m.Text(m.URI.User))):
		return false
	case x.Header != "" && !x.inHeader(m):
		return false
	case len(x.Codecs) > 0 && !offers(m, x.Codecs):
		return false
	case len(x.Without) > 0 && (!offers(m, nil) || offers(m, x.Without)):
		return false
	}
	return true
}

// decoded undoes percent encoding once (RFC 3261 section 19.1.4): nobody gets by
// a rule for spelling a digit otherwise.
func decoded(user []byte) []byte {
	if !bytes.Contains(user, []byte("%")) {
		return user
	}
	text, err := url.PathUnescape(string(user))
	if err != nil {
		return user
	}
	return []byte(text)
}

// inHeader looks into every header of the name.
func (x *Rule) inHeader(m *peek.Message) bool {
	for _, line := range m.Lines() {
		text := m.Text(line)
		if len(text) <= len(x.Header) || !peek.FoldEqual(text[:len(x.Header)], x.Header) {
			continue
		}
		if value, ok := after(text[len(x.Header):]); ok && (x.Match == nil || x.Match.Match(value)) {
			return true
		}
	}
	return false
}
