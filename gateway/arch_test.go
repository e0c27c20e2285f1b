package gateway_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The shape of the program, as tables. A failing rule means that code sits in the wrong
// room or that an interface lacks a word. Do not widen a row to make a build pass.
//
// Packages are written relative to the module. "a/*" is every package directly below a,
// "a/..." is a and everything below it, "..." is everything.

// room says who may import whom among our own packages. Tests of a package may besides
// import whatever has a lower rank (a fake node, a store) unless never forbids it.
type room struct {
	pkg   string
	rank  int
	may   []string
	never []string
}

// rooms is searched from the top; the first row that fits a package counts.
var rooms = []room{
	{pkg: "jvmroute", rank: 0},
	{pkg: "appsession", rank: 0},
	{pkg: "gateway/cluster/pace", rank: 0},
	{pkg: "gateway/cluster/capacity", rank: 0},
	{pkg: "gateway/cluster/passive", rank: 0},
	{pkg: "gateway/cluster/latency", rank: 0},
	{pkg: "gateway/cluster/probes", rank: 0},
	{pkg: "gateway/cluster/naming", rank: 0},
	{pkg: "gateway/cluster/recovery", rank: 0},
	{pkg: "gateway/cluster", rank: 0, may: []string{"gateway/cluster/*"}},
	// How a value looks, and how a file is read and complained of, is the same for every file; what the keys of ours are only config knows.
	{pkg: "gateway/config/form", rank: 0},
	{pkg: "gateway/config/decode", rank: 0, may: []string{"gateway/config/form"}},
	{pkg: "gateway/config/secure", rank: 0, may: []string{"gateway/config/form", "gateway/config/decode"}},
	{pkg: "gateway/config/siplisten", rank: 0, may: []string{"gateway/config/form", "gateway/config/decode", "gateway/config/secure"}},
	{pkg: "gateway/config/beats", rank: 0, may: []string{"gateway/config/form", "gateway/config/decode", "gateway/config/secure"}},
	{pkg: "gateway/config/limits", rank: 0, may: []string{"gateway/config/form", "gateway/config/decode"}},
	{pkg: "gateway/config/console", rank: 0, may: []string{"gateway/config/form", "gateway/config/decode", "gateway/config/secure"}},
	{pkg: "gateway/config/telemetry", rank: 0, may: []string{"gateway/config/form", "gateway/config/decode"}},
	{pkg: "gateway/config", rank: 0, may: []string{"gateway/config/form", "gateway/config/decode", "gateway/config/secure", "gateway/config/siplisten", "gateway/config/beats", "gateway/config/limits", "gateway/config/console", "gateway/config/telemetry"}},
	{pkg: "gateway/config/veil", rank: 0, may: []string{"gateway/config/decode"}},
	{pkg: "gateway/config/httpd", rank: 0},
	{pkg: "gateway/config/verdict", rank: 0, may: []string{"gateway/config/form"}},
	{pkg: "gateway/config/properties", rank: 0, may: []string{"gateway/config/form", "gateway/config/verdict"}},
	{pkg: "gateway/config/sheet", rank: 0, may: []string{"gateway/config/verdict"}},
	{pkg: "gateway/config/modjk/directive", rank: 0, may: []string{"gateway/config/verdict"}},
	{pkg: "gateway/config/lbprops/key", rank: 0, may: []string{"gateway/config/verdict"}},
	{pkg: "gateway/config/lbprops", rank: 1, may: []string{"gateway/config/lbprops/key", "gateway/config", "gateway/config/form", "gateway/config/properties", "gateway/config/sheet", "gateway/config/origin", "gateway/config/verdict"}},
	{pkg: "gateway/config/origin", rank: 0, may: []string{"gateway/config/decode", "gateway/config/verdict"}},
	{pkg: "gateway/config/modjk", rank: 1, may: []string{"gateway/config/modjk/directive", "gateway/config", "gateway/config/form", "gateway/config/decode", "gateway/config/httpd", "gateway/config/properties", "gateway/config/sheet", "gateway/config/verdict"}},
	{pkg: "gateway/config/modjk/asis", rank: 1, may: []string{"gateway/config", "gateway/config/decode", "gateway/config/origin", "gateway/config/modjk"}},
	{pkg: "gateway/jsonlines", rank: 0},
	{pkg: "gateway/heartbeat/rmi/jser", rank: 0},
	{pkg: "http/head", rank: 0},
	{pkg: "http/stale", rank: 0},
	{pkg: "http/crowd", rank: 0},
	{pkg: "http/framing", rank: 1, may: []string{"http/head"}},
	{pkg: "http/conns", rank: 0},
	{pkg: "http/follow", rank: 0},
	{pkg: "http/instance", rank: 0},
	{pkg: "http/mounts", rank: 0},
	{pkg: "http/noted", rank: 0},
	{pkg: "http/upload", rank: 0},
	{pkg: "sip/peek", rank: 0},
	{pkg: "sip/wire", rank: 0},
	{pkg: "sip/stream", rank: 0},
	{pkg: "sip/seal", rank: 0},
	{pkg: "sip/stun", rank: 0},
	{pkg: "sip/guard", rank: 0},
	{pkg: "sip/held", rank: 0},
	{pkg: "sip/locate", rank: 0},
	{pkg: "sip/websocket", rank: 1, may: []string{"sip/stream"}},
	{pkg: "sip/websocket/wstest", rank: 0},
	{pkg: "sip/legacy", rank: 1, may: []string{"sip/peek"}},
	{pkg: "sip/self", rank: 1, may: []string{"sip/peek"}},
	{pkg: "sip/beat", rank: 1, may: []string{"sip/peek"}},
	{pkg: "sip/gone", rank: 1, may: []string{"gateway/cluster"}},
	{pkg: "sip/compose", rank: 1, may: []string{"sip/peek"}},
	{pkg: "sip/meter", rank: 1, may: []string{"sip/peek"}},
	{pkg: "sip/park", rank: 1, may: []string{"sip/locate"}},
	{pkg: "sip/whose", rank: 1, may: []string{"gateway/cluster", "sip/peek"}},
	{pkg: "sip/legs", rank: 2, may: []string{"sip/locate", "sip/peek", "sip/self", "sip/stream", "sip/wire"}},
	{pkg: "web", rank: 0},
	{pkg: "web/jssip", rank: 0},
	{pkg: "web/chromium", rank: 0},
	{pkg: "web/chromium/axe", rank: 0},
	{pkg: "e2e/jvm", rank: 0},

	{pkg: "appsession/*", rank: 1, may: []string{"appsession"}},
	{pkg: "gateway/balance", rank: 1, may: []string{"appsession", "gateway/cluster"}},
	{pkg: "gateway/candidates", rank: 1, may: []string{"gateway/cluster"}},
	{pkg: "gateway/calls", rank: 1, may: []string{"appsession", "gateway/cluster", "gateway/jsonlines"}},
	{pkg: "gateway/heartbeat", rank: 1, may: []string{"gateway/cluster", "gateway/jsonlines"}},
	{pkg: "gateway/heartbeat/rmi", rank: 1, may: []string{"gateway/heartbeat", "gateway/heartbeat/rmi/jser"}},
	{pkg: "gateway/heartbeat/*", rank: 1, may: []string{"gateway/cluster", "gateway/heartbeat"}},
	{pkg: "gateway/config/*", rank: 1, may: []string{"gateway/config", "gateway/config/form", "gateway/config/decode"}}, // other products' files
	{pkg: "http/parting", rank: 1, may: []string{"gateway/cluster"}},
	{pkg: "http/sample", rank: 3, may: []string{"jvmroute", "gateway", "gateway/cluster", "gateway/trace/specimens", "http/head", "http/instance"}},
	{pkg: "http/*", rank: 1, may: []string{"http/head", "http/stale", "http/conns"}},

	{pkg: "gateway/moves", rank: 2, may: []string{"appsession", "gateway/cluster"}},
	{pkg: "gateway/groups", rank: 2, may: []string{"appsession", "gateway/cluster", "gateway/calls"}},
	{pkg: "gateway", rank: 2, may: []string{"appsession", "gateway/cluster", "gateway/balance", "gateway/candidates", "gateway/calls", "gateway/moves"}},

	{pkg: "gateway/trace", rank: 3, may: []string{"appsession", "gateway", "gateway/cluster"}},
	{pkg: "gateway/trace/messages", rank: 3, may: []string{"appsession", "gateway/trace"}},
	{pkg: "gateway/trace/specimens", rank: 3, may: []string{"appsession", "gateway", "gateway/trace"}},
	{pkg: "sip/sample", rank: 3, may: []string{"gateway", "gateway/trace/specimens", "sip/identity", "sip/peek"}},
	{pkg: "gateway/trace/hep", rank: 3, may: []string{"gateway/trace/messages"}},
	{pkg: "sip/probe", rank: 3, may: []string{"gateway/cluster", "gateway/cluster/probes", "sip/peek", "sip/seal"}},
	{pkg: "sip/flows", rank: 3, may: []string{"appsession", "gateway", "gateway/cluster", "sip/legs", "sip/peek", "sip/seal", "sip/self", "sip/stream"}},
	{pkg: "sip/witness", rank: 3, may: []string{"gateway/cluster", "gateway/trace/messages", "sip/legs", "sip/meter", "sip/peek"}},
	{pkg: "sip/identity", rank: 3, may: []string{"gateway", "sip/peek"}},
	{pkg: "sip/needs", rank: 3, may: []string{"gateway/cluster", "sip/peek"}},
	{pkg: "sip/answers", rank: 3, may: []string{"sip/peek", "sip/pending"}},
	{pkg: "sip/pending", rank: 3, may: []string{"gateway", "gateway/cluster"}},

	{pkg: "http", rank: 4,
		may:   []string{"jvmroute", "appsession", "gateway", "gateway/*", "gateway/trace/messages", "gateway/trace/specimens", "http/*"},
		never: []string{"sip/...", "gateway/config/...", "web"}},
	{pkg: "sip", rank: 4,
		may:   []string{"jvmroute", "appsession", "gateway", "gateway/*", "gateway/trace/messages", "gateway/trace/specimens", "sip/*"},
		never: []string{"http/...", "gateway/config/...", "web"}},
	// What mod_jk's status worker answers: how it is written, what it shows, and who may do what.
	{pkg: "admin/jkstatus/shape", rank: 4},
	{pkg: "admin/jkstatus/workers", rank: 4, may: []string{"gateway/cluster", "gateway/config"}},
	{pkg: "admin/jkstatus", rank: 4, may: []string{"gateway/cluster", "admin/access", "admin/jkstatus/*"}},
	{pkg: "admin/lbstat", rank: 4, may: []string{"gateway/cluster", "admin/nodes", "admin/stamp"}},
	{pkg: "admin/affinity", rank: 4, may: []string{"admin/act", "admin/problem", "admin/stamp", "gateway/config", "gateway/config/form"}},
	{pkg: "admin/loglevel", rank: 4, may: []string{"admin/act", "admin/problem", "admin/stamp"}},
	{pkg: "admin/versions", rank: 4, may: []string{"admin/access", "admin/act", "admin/caller", "admin/problem", "admin/stamp", "gateway/config", "gateway/config/veil"}},
	{pkg: "admin/configuration", rank: 4, may: []string{"admin/act", "admin/caller", "admin/problem", "admin/versions", "gateway/config", "gateway/config/veil", "gateway/config/decode", "gateway/config/form"}},
	{pkg: "admin/openapi", rank: 4, may: []string{"gateway/config/decode"}},
	{pkg: "admin/openapi/page", rank: 4, may: []string{"admin/openapi"}},
	{pkg: "admin/openapi/conform", rank: 4, may: []string{"admin/openapi"}},
	{pkg: "admin/...", rank: 4,
		may: []string{"appsession", "gateway", "gateway/cluster", "gateway/balance", "gateway/calls",
			"gateway/trace", "gateway/trace/messages", "gateway/config", "web", "admin/*", "admin/openapi/page"},
		never: []string{"http/...", "sip/..."}},

	{pkg: "cmd/twinhop/...", rank: 5, may: []string{"..."}},
	{pkg: "docs", rank: 6}, // tests only: what the pages say is held against the program
	{pkg: "e2e", rank: 6, never: []string{"..."}},
}

// suites are what only tests import, whatever their rank: conformance tests, and peers.
var suites = []string{"appsession/storetest", "http/exchangetest", "admin/openapi/conform", "e2e/jvm", "web/chromium", "web/chromium/axe", "sip/websocket/wstest"}

// fileOnly: within one package an import may be confined to one subject's file.
var fileOnly = []struct{ pkg, imports, file string }{
	{"sip", "jvmroute", "evidence"},
}

// fence says where a third-party module may appear. A module without a row may appear nowhere.
type fence struct {
	module string
	pkgs   []string // packages whose files may import it
	files  []string // or: file base names (without .go, _test) that may, anywhere
	tests  bool     // test files only
	proofs bool     // besides, any test may: what it registers with shows what was counted
}

var fences = []fence{
	{module: "github.com/emiago/sipgo", pkgs: []string{"sip/...", "cmd/twinhop/demo/...", "e2e"}},
	{module: "github.com/gin-gonic/gin", pkgs: []string{"admin/..."}},
	{module: "github.com/golang-jwt/jwt/v5", pkgs: []string{"admin/..."}},
	{module: "github.com/gorilla/securecookie", pkgs: []string{"admin/...", "http/follow"}},
	{module: "github.com/dgraph-io/ristretto/v2", pkgs: []string{"appsession", "gateway/trace"}},
	{module: "github.com/goccy/go-yaml", pkgs: []string{"gateway/config/decode"}},
	{module: "github.com/prometheus/client_golang", pkgs: []string{"cmd/twinhop/..."}, files: []string{"metrics"}, proofs: true},
	{module: "github.com/spf13/cobra", pkgs: []string{"cmd/twinhop/..."}},
	{module: "github.com/spf13/pflag", pkgs: []string{"cmd/twinhop/..."}},
	{module: "github.com/dchest/siphash", pkgs: []string{"sip/seal", "gateway", "appsession/...", "http/follow", "cmd/twinhop/..."}},
	{module: "github.com/cespare/xxhash/v2", pkgs: []string{"gateway", "gateway/balance", "gateway/cluster/naming", "appsession/..."}},
	{module: "github.com/gobwas/ws", pkgs: []string{"http", "sip/...", "cmd/twinhop/...", "e2e"}, tests: true},
	{module: "github.com/miekg/dns", pkgs: []string{"sip/locate"}},
	{module: "github.com/coreos/go-systemd/v22", pkgs: []string{"cmd/twinhop/..."}},
	{module: "golang.org/x/sys", pkgs: []string{"sip/wire", "admin/...", "cmd/twinhop/..."}},
	{module: "golang.org/x/crypto", pkgs: []string{"admin/...", "cmd/twinhop/..."}},
	{module: "golang.org/x/time", pkgs: []string{"http", "sip", "admin/..."}},
	{module: "golang.org/x/net", pkgs: []string{"http/...", "e2e"}},
	{module: "github.com/evanw/esbuild", pkgs: []string{"web/..."}},

	{module: "github.com/google/go-cmp", pkgs: []string{"..."}, tests: true},
	{module: "go.uber.org/goleak", pkgs: []string{"..."}, tests: true},
	{module: "pgregory.net/rapid", pkgs: []string{"..."}, tests: true},
	{module: "golang.org/x/tools/txtar", pkgs: []string{"..."}, tests: true},
	{module: "github.com/chromedp", pkgs: []string{"..."}, tests: true},
	{module: "github.com/getkin/kin-openapi", pkgs: []string{"admin/openapi/..."}},
}

// quiet lists what the deciding packages must not touch: they return, they do not log,
// talk to a network or start anything. Tests are free.
var quiet = []struct {
	pkgs    []string
	imports []string
	spawn   bool // a go statement is allowed
}{
	{pkgs: []string{"gateway", "gateway/balance", "jvmroute", "sip/peek"},
		imports: []string{"log", "log/slog", "net", "net/http", "os"}},
	{pkgs: []string{"appsession/*"}, imports: []string{"log", "log/slog", "net/http"}, spawn: true},
}

// alias: our two fronts share their names with the libraries they speak. In every file
// "http" is net/http and "sip" is sipgo's sip; ours carry these names, in cmd only.
var alias = map[string]string{"http": "httpfront", "sip": "sipfront"}

// reserved local names and the only import each may stand for.
var reserved = map[string]string{"http": "net/http", "sip": "github.com/emiago/sipgo/sip"}

// libraryNames must not be exported again by our packages of the same name.
var libraryNames = map[string]string{
	"http": "Client ConnState Cookie CookieJar Dir File FileSystem Flusher Handle Handler HandlerFunc Header Hijacker " +
		"HTTP2Config Protocols Pusher Request Response ResponseController ResponseWriter RoundTripper SameSite ServeMux Server Transport " +
		"Error NotFound Redirect Serve ListenAndServe NewRequest NewServeMux",
	"sip": "AddressHeader CallIDHeader ClientTransaction Connection ContactHeader ContentLengthHeader CSeqHeader FromHeader GenericHeader " +
		"Header HeaderParams MaxForwardsHeader Message MessageHandler Params Parser ParserStream RecordRouteHeader Request RequestMethod " +
		"Response RouteHeader ServerTransaction ToHeader TransactionLayer Transport TransportLayer Uri ViaHeader " +
		"NewRequest NewResponse NewParser ParseUri",
}

const (
	maxFile      = 400  // lines of a file
	maxFunc      = 60   // lines of a function
	maxPackage   = 2500 // lines of a package
	maxGateway   = 800  // lines of package gateway: readable in ten minutes
	maxInterface = 5    // methods of an interface
	maxParams    = 4    // parameters of a function, the context included
)

// exceptions are the places that exceed a limit, each with the size it may have and why.
// The key is "path" for a file or package, "path:Name" or "path:Type.Name" for a function
// or interface. An entry that is no longer needed fails the test.
var exceptions = map[string]struct {
	limit  int
	reason string
}{
	"gateway":         {1840, "one function per step with the sentence it keeps; a quarter of the lines is vocabulary"},
	"gateway/cluster": {3020, "nodes, members, health and the words of operators make one View; probing them is a sixth of it"},
	"sip":             {3660, "the rules of RFC 3261 section 16, a file each; what needs no message at hand has rooms of its own"},
}

var card = [...]string{"Knows:", "Must not know:", "Owns:", "Entered by:"}

var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "types", "manager", "misc"}

func TestArchitecture(t *testing.T) {
	files, err := load("..")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("found only %d Go files: looking in the wrong place?", len(files))
	}
	for _, p := range check(files) {
		t.Error(p)
	}
}

// load reads every Go file below root. Only os calls that the test cache records are used,
// so a result is never served stale.
func load(root string) ([]source, error) {
	var files []source
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") ||
				name == "testdata" || name == "node_modules" || name == "vendor") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files = append(files, source{path: filepath.ToSlash(rel), text: string(text)})
		return nil
	})
	return files, err
}
