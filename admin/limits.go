package admin

import (
	"cmp"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// Limits is whom and what the SIP front keeps out, and what it has in hand. Counts are since the start.
type Limits struct {
	Bans        []Ban             // in any order
	Sources     int               // whose rate is known
	Scanners    []Hit             // requests dropped for a word of their User-Agent
	Shed        map[string]uint64 // messages dropped or refused before they were routed, by reason
	Pending     Pending
	Connections []Connections // of each TCP listener
}

// Ban is a source of which nothing is taken for a time.
type Ban struct {
	Source  netip.Prefix // one IPv4 address, or an IPv6 /64
	Until   time.Time
	Dropped int // messages so far
}

// Hit is a scanner's word and how often it was met.
type Hit struct {
	Word string `json:"word"`
	Hits uint64 `json:"hits"`
}

// Pending is about INVITEs that are not answered.
type Pending struct {
	Live      int               `json:"live"`
	Max       int               `json:"max"` // beyond, they are forwarded without failover
	Opened    uint64            `json:"opened"`
	Stateless uint64            `json:"stateless"` // those beyond
	Left      map[string]uint64 `json:"left"`      // nodes left, by cause
	Answers   map[string]uint64 `json:"answers"`   // the gateway's own, by status code
}

// Connections is what happened at one TCP listener.
type Connections struct {
	Listener string `json:"listener"`
	Open     int64  `json:"open"`
	Accepted int64  `json:"accepted"`
	Dialled  int64  `json:"dialled"`
	Refused  int64  `json:"refused"` // for a limit
	TimedOut int64  `json:"timedOut"`
	Garbled  int64  `json:"garbled"` // closed for what is no SIP
}

// limitsView is what a page shows; without SIP there is nothing in it.
type limitsView struct {
	At  *timestamp `json:"at"`
	SIP *sipLimits `json:"sip,omitempty"`
}

type sipLimits struct {
	Bans        []banView         `json:"bans"`   // those that had most dropped
	Banned      int               `json:"banned"` // all of them
	Sources     int               `json:"sources"`
	Scanners    []Hit             `json:"scanners"`
	Shed        map[string]uint64 `json:"shed"`
	Pending     Pending           `json:"pending"`
	Connections []Connections     `json:"connections"`
}

type banView struct {
	Source  string     `json:"source"`
	Until   *timestamp `json:"until"`
	Dropped int        `json:"dropped"`
}

// maxBans is how many bans are listed: a flood from everywhere must not make a page of its own.
const maxBans = 200

func (s *Server) getLimits(*gin.Context) (any, error) {
	v := limitsView{At: stamp(s.now())}
	if s.Panel.Limits == nil {
		return v, nil
	}
	l := s.Panel.Limits()
	for _, counts := range []*map[string]uint64{&l.Shed, &l.Pending.Left, &l.Pending.Answers} {
		if *counts == nil {
			*counts = map[string]uint64{} // pages expect an object
		}
	}
	slices.SortFunc(l.Bans, func(a, b Ban) int {
		return cmp.Or(cmp.Compare(b.Dropped, a.Dropped), a.Source.Addr().Compare(b.Source.Addr()))
	})
	v.SIP = &sipLimits{Bans: []banView{}, Banned: len(l.Bans), Sources: l.Sources, Scanners: []Hit{}, Shed: l.Shed, Pending: l.Pending,
		Connections: append([]Connections{}, l.Connections...)}
	for _, b := range l.Bans[:min(len(l.Bans), maxBans)] {
		v.SIP.Bans = append(v.SIP.Bans, banView{sourceText(b.Source), stamp(b.Until), b.Dropped})
	}
	for _, h := range l.Scanners {
		v.SIP.Scanners = append(v.SIP.Scanners, Hit{clean(h.Word), h.Hits})
	}
	return v, nil
}

// sourceText writes a single address without its length.
func sourceText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// deleteBan lets a source in again: an address, or for IPv6 any address of the network that is banned.
func (s *Server) deleteBan(c *gin.Context) (any, error) {
	ip, err := netip.ParseAddr(c.Param("ip"))
	switch {
	case err != nil || ip.Zone() != "":
		return nil, newProblem(http.StatusUnprocessableEntity, "validation", "The last part of the path is an IP address, without a port.")
	case s.Panel.Unban == nil:
		return nil, newProblem(http.StatusNotFound, "not-found", "There is no SIP listener.")
	case !s.Panel.Unban(ip.Unmap()):
		return nil, newProblem(http.StatusNotFound, "not-found", "This source is not banned.")
	}
	who := actor(c)
	s.log.Info("ban lifted", "source", ip, "user", who.Name, "via", who.Via)
	return nil, nil
}
