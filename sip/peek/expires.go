package peek

import "time"

// maxExpires bounds what a registration may ask for.
const maxExpires = 7 * 24 * time.Hour

// Granted reads how long an answer grants a registration or subscription, at most a week: the Contact's parameter, else the header. ok is
// false when it does not say.
func (m *Message) Granted() (d time.Duration, ok bool) {
	s := m.Expires
	if m.Contacts.Count > 0 {
		if a, fine := m.ParseAddr(m.Contacts.At(0).Span); fine {
			if v, found := Param(m.Buf, a.Params, "expires"); found {
				s = v
			}
		}
	}
	for _, c := range m.Text(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		d = min(d*10+time.Duration(c-'0')*time.Second, maxExpires)
	}
	return d, !s.Empty()
}
