package demo

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"twinhop/cmd/twinhop/demo/ua"
	"twinhop/web/jssip"
)

//go:embed page
var pageFiles embed.FS

// desk is what the page's buttons may do besides calling: the one who runs the demo.
type desk interface {
	State(base string) deskState // what a session, given by its id without route, may see
	Phone(user string) (to callee, ok bool)
	Kill(node string) (now func(), err error)
	Start(ctx context.Context, node string) error
	SIPFirst(ctx context.Context, id sessionID) error
}

// deskState is what the page shows of the demo as a whole.
type deskState struct {
	Nodes  []nodeState `json:"nodes"`
	Leader string      `json:"leader"` // http or sip
}

type nodeState struct {
	Name string `json:"name"`
	Up   bool   `json:"up"`
	Left bool   `json:"left"` // the gateway has noticed that it is not up
}

// status is the page's view of one session.
type status struct {
	Node    string       `json:"node"`
	Session string       `json:"session"` // masked
	User    string       `json:"user,omitempty"`
	Hits    int          `json:"hits"`
	Link    string       `json:"link"`   // what links must carry: ";jsessionid=…", or nothing
	Socket  string       `json:"socket"` // the path of the gateway's WebSocket
	Line    string       `json:"line"`   // the page's telephones are the users "visitor-line" and "agent-line"
	Lines   []lineStatus `json:"lines"`  // those that are registered
	Calls   []callStatus `json:"calls"`  // newest first
	Verdict string       `json:"verdict"`
	deskState
}

// lineStatus is one telephone of the page.
type lineStatus struct {
	Who  string `json:"who"`  // visitor or agent
	Node string `json:"node"` // the node that served its last REGISTER
	Ways int    `json:"ways"`
}

// callStatus is one call of the session.
type callStatus struct {
	CallID string `json:"callId"`
	Party  string `json:"party"`
	Node   string `json:"node"` // the node that served its last message
	Ended  bool   `json:"ended"`
}

// The verdicts: do HTTP and SIP of this session meet on one node?
const (
	verdictNone   = "none" // no SIP
	verdictSame   = "same"
	verdictSplit  = "split"
	verdictOrphan = "orphan" // the node was killed: the next message goes to another
)

// site is the application's HTTP side.
func (n *node) site() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", n.servePage)
	mux.HandleFunc("GET /hit", n.serveStatus)
	mux.HandleFunc("GET /status", n.serveStatus)
	mux.HandleFunc("GET /call", n.serveCall)
	mux.HandleFunc("POST /demo/kill", n.serveDesk)
	mux.HandleFunc("POST /demo/start", n.serveDesk)
	mux.HandleFunc("POST /demo/sip-first", n.serveDesk)
	mux.HandleFunc("GET /demo/admin", n.serveAdmin)
	mux.HandleFunc("GET /page.css", serveFile("page/page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /page.js", serveFile("page/page.js", scriptType))
	mux.HandleFunc("GET /softphone.js", serveFile("page/softphone.js", scriptType))
	mux.HandleFunc("GET /jssip.js", serve(jssip.Script(), scriptType))
	mux.HandleFunc("GET /licences.txt", serve(jssip.Licences(), "text/plain; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", serveFile("page/icon.svg", "image/svg+xml"))
	var guard http.CrossOriginProtection
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Demo-Node", n.name)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "+sources(r.Host)+
			"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		if err := guard.Check(r); err != nil {
			http.Error(w, "this request came from another site", http.StatusForbidden)
			return
		}
		if _, path, _ := presented(r); path != r.URL.Path { // the container hides ;jsessionid= from the mapping
			inner := r.Clone(r.Context())
			inner.URL.Path, inner.URL.RawPath = path, ""
			inner = inner.WithContext(context.WithValue(inner.Context(), originalKey{}, r))
			mux.ServeHTTP(w, inner)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// originalKey carries the request as it came, with its path id.
type originalKey struct{}

func original(r *http.Request) *http.Request {
	if o, ok := r.Context().Value(originalKey{}).(*http.Request); ok {
		return o
	}
	return r
}

const scriptType = "text/javascript; charset=utf-8"

func serveFile(name, kind string) http.HandlerFunc {
	body, err := pageFiles.ReadFile(name)
	if err != nil { // the names are constants
		panic(err)
	}
	return serve(body, kind)
}

func serve(body []byte, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write(body)
	}
}

// plainHost is a Host header that may stand in a policy.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.-]{1,255}(:[0-9]{1,5})?$`)

// sources is where the page may connect to: its own server, with WebSockets, which some browsers do not count as the same.
func sources(host string) string {
	if !plainHost.MatchString(host) {
		return "'self'"
	}
	return "'self' ws://" + host + " wss://" + host
}

// servePage counts a hit and gives the page; without a cookie its links carry the id, as a servlet's encodeURL makes them.
func (n *node) servePage(w http.ResponseWriter, r *http.Request) {
	_, _, suffix := n.attach(w, original(r), true)
	page, err := pageFiles.ReadFile("page/index.html")
	if err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	strings.NewReplacer("{{id}}", html.EscapeString(suffix), "{{node}}", html.EscapeString(n.name)).WriteString(w, string(page))
}

func (n *node) serveStatus(w http.ResponseWriter, r *http.Request) {
	v, id, suffix := n.attach(w, original(r), r.URL.Path == "/hit")
	n.tell(w, v, id, suffix)
}

// tell writes the status of a session.
func (n *node) tell(w http.ResponseWriter, v visit, id sessionID, suffix string) {
	s := status{Node: n.name, Session: id.masked(), User: v.user, Hits: v.hits, Link: suffix, Socket: socketPath, Line: v.line, Lines: []lineStatus{}, Calls: []callStatus{}}
	for _, who := range []string{visitor, agent} {
		if ways := n.shared.contacts.Of(who+"-"+v.line, time.Now()); len(ways) > 0 {
			s.Lines = append(s.Lines, lineStatus{who, ways[0].Node, len(ways)})
		}
	}
	if n.desk != nil {
		s.deskState = n.desk.State(id.base)
	}
	for _, c := range n.shared.of(id.base) {
		s.Calls = append(s.Calls, callStatus{c.CallID, strings.TrimSuffix(c.party, "-"+v.line), c.node, c.ended})
	}
	s.Verdict = s.judge()
	reply(w, http.StatusOK, s)
}

// judge finds the verdict on the calls in progress, or else on the registered telephones.
func (s *status) judge() string {
	var nodes []string
	for _, c := range s.Calls {
		if !c.Ended {
			nodes = append(nodes, c.Node)
		}
	}
	if len(nodes) == 0 {
		for _, l := range s.Lines {
			nodes = append(nodes, l.Node)
		}
	}
	verdict := verdictNone
	for _, node := range nodes {
		switch {
		case slices.ContainsFunc(s.Nodes, func(n nodeState) bool { return n.Name == node && !n.Up }):
			return verdictOrphan
		case node != s.Node:
			verdict = verdictSplit
		case verdict == verdictNone:
			verdict = verdictSame
		}
	}
	return verdict
}

func reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(v)
}

func complain(w http.ResponseWriter, code int, err error) {
	reply(w, code, map[string]string{"error": err.Error()})
}

// callTime bounds what a click may take.
const callTime = 15 * time.Second

// serveCall is the classic click-to-call servlet: ?from=…&to=… connects two telephones, ?bye=all ends the calls of the session. Those of
// the page are called if they are registered, else the demo's own, and nobody else: a page elsewhere must not make this process call the
// world.
func (n *node) serveCall(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	v, id, suffix := n.attach(w, original(r), false)
	q := r.URL.Query()
	if q.Get("bye") != "" {
		if err := n.hangUpAll(ctx, id.base); err != nil {
			complain(w, http.StatusBadGateway, err)
			return
		}
		n.tell(w, v, id, suffix)
		return
	}
	from, ok1 := n.phoneOf(v, q.Get("from"))
	to, ok2 := n.phoneOf(v, q.Get("to"))
	if !ok1 || !ok2 {
		complain(w, http.StatusNotFound, errors.New("from and to must be telephones of this demo"))
		return
	}
	if err := n.clickToCall(ctx, id, from, to); err != nil {
		complain(w, http.StatusBadGateway, err)
		return
	}
	n.tell(w, v, id, suffix)
}

// phoneOf finds a telephone by its user name or its SIP address.
func (n *node) phoneOf(v visit, name string) (to callee, ok bool) {
	name = strings.TrimPrefix(name, "sip:")
	user, _, _ := strings.Cut(name, "@")
	line := user + "-" + v.line
	if ways := n.shared.contacts.Of(line, time.Now()); len(ways) > 0 {
		return callee{ua.URI(line, loopback(0)), &ways[0]}, true
	}
	if n.desk == nil {
		return callee{}, false
	}
	return n.desk.Phone(user)
}

// serveAdmin leads to the session in the admin UI and logs in there: whoever can press Kill may look, too. The link with the secret is
// readable for nobody's script, as it leads to another origin.
func (n *node) serveAdmin(w http.ResponseWriter, r *http.Request) {
	if n.enter == nil {
		complain(w, http.StatusNotFound, errors.New("nobody runs this node"))
		return
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		complain(w, http.StatusForbidden, errors.New("this request came from another site"))
		return
	}
	_, id, _ := n.attach(w, original(r), false)
	url, err := n.enter(id.base)
	if err != nil {
		complain(w, http.StatusConflict, err)
		return
	}
	http.Redirect(w, r, url, http.StatusSeeOther)
}

func (n *node) serveDesk(w http.ResponseWriter, r *http.Request) {
	if n.desk == nil {
		complain(w, http.StatusNotFound, errors.New("nobody runs this node"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	_, id, _ := n.attach(w, original(r), false)
	var err error
	now := func() {}
	switch name := r.URL.Query().Get("node"); r.URL.Path {
	case "/demo/kill":
		now, err = n.desk.Kill(name)
	case "/demo/start":
		err = n.desk.Start(ctx, name)
	default:
		err = n.desk.SIPFirst(ctx, id)
	}
	if err != nil {
		complain(w, http.StatusConflict, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	// The answer goes first: the node to be killed may be this one.
	if err := http.NewResponseController(w).Flush(); err == nil {
		now()
	}
}
