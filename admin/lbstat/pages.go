package lbstat

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"twinhop/admin/nodes"
	"twinhop/gateway/cluster"
)

// Page names a page of the old balancers by its path, which they read without
// regard to case. Below /api/v1 is where browsers send their log in.
func Page(path string) (page string, ok bool) {
	page = strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(path, "/api/v1"), "/"))
	return page, page == "lbstat" || page == "lbinfo" || instead[page] != ""
}

// instead says what to do in the place of a page that changed something, to
// whoever could ask for it.
var instead = map[string]string{
	"lbstop":      "A page does not end the gateway. On its machine: systemctl stop twinhop, or send the process SIGTERM.",
	"lbloglevel":  "A page does not change the log. Set telemetry.log.level in the configuration.",
	"lbnoderegex": "A page does not pin users to nodes. Set pools.NAME.placement.pins in the configuration, then: twinhop config reload.",
}

// Instead is what to do in the place of a page that is not served; "" for
// those that are.
func Instead(page string) string { return instead[page] }

// Counters are counted since the process started, or now.
type Counters struct {
	CPU                       float64 // seconds
	Heap                      int64   // bytes
	HTTPRequests, Upgraded    int64   // Upgraded: connections that are open
	SIPStreams                int64   // connections that are open
	SIPRequests, SIPResponses int64   // that came in
}

// Pages answer as the old pages did. Fields are set before use.
type Pages struct {
	Version string
	Start   time.Time // of the process
	CPUs    int
	View    func() *cluster.View
	Count   func() Counters
	Calls   func() int
	// Announced is what nodes told of themselves, by name; nil: nothing.
	Announced func() map[string]*nodes.Announced
	Monitors  []netip.Prefix // who may read without logging in

	mu   sync.Mutex // guards what follows
	last time.Time  // when the use of the processor was last looked at
	used float64    // seconds of it by then
	cpu  int        // percent between the last two looks
}

// Lets tells whether somebody there may read without logging in.
func (p *Pages) Lets(from netip.Addr) bool {
	return slices.ContainsFunc(p.Monitors, func(n netip.Prefix) bool { return n.Contains(from.Unmap()) })
}

// Answer is what a page that is served has to say.
func (p *Pages) Answer(page string, now time.Time) any {
	if page == "lbinfo" {
		return p.info()
	}
	return p.stat(now)
}

// metrics are the members of /lbstat with the types that they had. SMPP is
// not spoken, and the bytes of SIP are not counted: those stay 0.
type metrics struct {
	ReleaseName    string `json:"releaseName"`
	ReleaseVersion string `json:"releaseVersion"`
	ActiveNodes    int    `json:"activeNodes"`
	CPU            int    `json:"JvmCpuUsage"` // percent of the machine
	Heap           int64  `json:"JvmHeapSize"`
	HTTPActive     int64  `json:"NumberOfActiveHttpConnections"`
	SIPActive      int64  `json:"NumberOfActiveSipConnections"`
	SMPPActive     int    `json:"NumberOfActiveSmppConnections"`
	SIPBytes       int64  `json:"NumberOfBytesTransferred"`
	HTTPToClient   int64  `json:"NumberOfHttpBytesToClient"`
	HTTPToServer   int64  `json:"NumberOfHttpBytesToServer"`
	HTTPRequests   int64  `json:"NumberOfHttpRequests"`
	SIPRequests    int64  `json:"NumberOfRequestsProcessed"`
	SIPResponses   int64  `json:"NumberOfResponsesProcessed"`
	SMPPToClient   int64  `json:"NumberOfSmppBytesToClient"`
	SMPPToServer   int64  `json:"NumberOfSmppBytesToServer"`
	SMPPClient     int64  `json:"NumberOfSmppRequestsToClient"`
	SMPPServer     int64  `json:"NumberOfSmppRequestsToServer"`
	Calls          int    `json:"NumberOfActiveCalls"`
}

func (p *Pages) stat(now time.Time) any {
	c := p.Count()
	m := metrics{ReleaseName: "twinhop", ReleaseVersion: p.Version, CPU: p.percent(c.CPU, now), Heap: c.Heap, HTTPActive: c.Upgraded, SIPActive: c.SIPStreams,
		HTTPRequests: c.HTTPRequests, SIPRequests: c.SIPRequests, SIPResponses: c.SIPResponses, Calls: p.Calls()}
	v := p.View()
	for _, n := range v.Nodes {
		if !n.Down() {
			m.ActiveNodes++
		}
	}
	for _, pool := range v.Pools {
		for _, x := range pool.Members {
			m.HTTPActive += x.Load.Busy.Load()
			m.HTTPToClient += x.Load.Read.Load()
			m.HTTPToServer += x.Load.Sent.Load()
		}
	}
	return map[string]metrics{"Metrics": m}
}

// soon is less time than the use of the processor can be told over.
const soon = time.Second

// percent is the part of the machine that was used since the last time, or
// since the start.
func (p *Pages) percent(used float64, now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.IsZero() {
		p.last = p.Start
	}
	if span := now.Sub(p.last); span >= soon {
		p.cpu = int(100 * (used - p.used) / span.Seconds() / float64(max(p.CPUs, 1)))
		p.last, p.used = now, used
	}
	return p.cpu
}
