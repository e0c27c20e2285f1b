package jkstatus

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"twinhop/admin/access"
	"twinhop/admin/jkstatus/shape"
	"twinhop/admin/jkstatus/workers"
)

// Spoken is the version that answers give: whose commands and shapes they are.
const Spoken = "mod_jk/1.2.50"

// Words are what the configuration says of a status worker. mod_jk's
// directives stand in brackets.
type Words struct {
	Name string
	// ReadOnly refuses whatever changes something [read_only].
	ReadOnly bool
	// Users are who may use it at all; none: everybody [user]. Fold compares
	// them without case [user_case_insensitive].
	Users []string
	Fold  bool
	// Allow are the networks from which changes need no password.
	Allow []netip.Prefix
	// Good and Bad rate members [good, bad]; none: mod_jk's defaults.
	Good, Bad []string
	CSS       string // a style sheet for the pages [css]
	Prefix    string // of properties; empty: worker [prefix]
	NS        string // of elements; empty: jk:, "-": none [ns]
	XMLNS     string // an attribute of the document; empty: mod_jk's, "-": none [xmlns]
	Doctype   string // a line before the document [doctype]
}

// Panel is what a status worker may see and do. State is needed; what is nil
// besides cannot be done.
type Panel struct {
	State func() *workers.State
	// Dump is the configuration as mod_jk would have read it.
	Dump func() []workers.Property
	// Update makes all of the changes or none. A *workers.Refused tells the client why.
	Update func([]workers.Change) error
	// Reset forgets what was counted of a worker, or of one member.
	Reset func(worker, member string) error
	// Recover lets a member in error be tried again at once, and tells whether
	// it was in error.
	Recover func(worker, member string) bool
	// Login tells what the user of this name and password may do, and whether
	// there is one; an address that has failed too often has to wait first.
	Login func(peer, name, password string) (role access.Role, wait time.Duration, ok bool)
	// Told is told what somebody did, or was refused; nil: nobody is.
	Told func(Deed)
}

// Deed is what somebody did with a status worker.
type Deed struct {
	What    string // "changed", "reset", "recovers"
	Worker  string // that it was done to
	Details any    // []workers.Change, or the name of a member
	User    string // empty: whoever has an address that may
	Peer    string
	Err     error // why it was not done
}

// Worker is one status worker, an http.Handler.
type Worker struct {
	Words    Words
	Panel    Panel
	Software string           // who answers, with a version
	Log      *slog.Logger     // nil: discard
	Now      func() time.Time // nil: time.Now

	good, bad rating
}

// New returns a status worker. An error names the word that is wrong.
func New(words Words, p Panel) (*Worker, error) {
	w := &Worker{Words: words, Panel: p, Software: "twinhop"}
	var err, err2 error
	if w.good, err = parseRating(or(words.Good, defaultGood)); err != nil {
		err = fmt.Errorf("good: %w", err)
	}
	if w.bad, err2 = parseRating(or(words.Bad, defaultBad)); err2 != nil {
		err2 = fmt.Errorf("bad: %w", err2)
	}
	if err = errors.Join(err, err2, w.Words.complete()); err != nil {
		return nil, fmt.Errorf("status worker %q: %w", words.Name, err)
	}
	return w, nil
}

func or(list, def []string) []string {
	if len(list) == 0 {
		return def
	}
	return list
}

// complete fills in what is not said, and checks that documents stay well
// formed.
func (w *Words) complete() error {
	if w.Prefix == "" {
		w.Prefix = "worker"
	}
	for _, x := range []struct {
		to  *string
		def string
	}{{&w.NS, "jk:"}, {&w.XMLNS, `xmlns:jk="http://tomcat.apache.org"`}} {
		switch *x.to {
		case "":
			*x.to = x.def
		case "-":
			*x.to = ""
		}
	}
	if shape.Plain(w.Prefix) != w.Prefix || strings.ContainsAny(w.Prefix, "= ") {
		return fmt.Errorf("prefix: %q cannot begin a property", w.Prefix)
	}
	if w.Doctype != "" && !strings.HasPrefix(w.Doctype, "<!DOCTYPE ") {
		return fmt.Errorf("doctype: %q does not begin with <!DOCTYPE", w.Doctype)
	}
	return w.sound()
}

// sound tells whether a document in these words is one element, and can be read.
func (w *Words) sound() error {
	var b bytes.Buffer
	shape.WriteXML(&b, shape.XML{NS: w.NS, XMLNS: w.XMLNS, Doctype: w.Doctype}, nil)
	elements, directives := 0, 0
	for d := xml.NewDecoder(&b); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("ns %q, xmlns %q and doctype %q make no XML: %w", w.NS, w.XMLNS, w.Doctype, err)
		}
		switch token.(type) {
		case xml.StartElement:
			elements++
		case xml.Directive:
			directives++
		}
	}
	if elements != 1 || directives > 1 {
		return fmt.Errorf("ns %q, xmlns %q and doctype %q make more than one element", w.NS, w.XMLNS, w.Doctype)
	}
	return nil
}

func (w *Worker) now() time.Time {
	if w.Now != nil {
		return w.Now()
	}
	return time.Now()
}

func (w *Worker) log() *slog.Logger {
	if w.Log != nil {
		return w.Log
	}
	return discard
}

var discard = slog.New(slog.DiscardHandler)

// ServeHTTP implements http.Handler. All that is asked for stands in the
// query; the path is not looked at.
func (w *Worker) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	v := &visit{worker: w, r: r, query: parseQuery(r.URL.RawQuery)}
	v.serve(rw)
}
