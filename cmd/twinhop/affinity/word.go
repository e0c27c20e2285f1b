package affinity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"twinhop/admin/access"
	"twinhop/admin/affinity"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/gateway/config"
)

// Word is an operator's word. It does not change; the zero Word says nothing.
type Word struct {
	file   *file
	parsed config.Affinity
}

// file is what is kept. The text is read anew at every start: what a program
// takes may be other than what the one before took.
type file struct {
	At       time.Time       `json:"at"`
	Actor    string          `json:"actor"`
	Reason   string          `json:"reason,omitempty"`
	Affinity json.RawMessage `json:"affinity"`
}

// maxFile bounds the file, in bytes; the API takes smaller texts.
const maxFile = 1 << 20

// Says tells whether there is a word.
func (w Word) Says() bool { return w.file != nil }

// Over returns the configuration with the affinity that was said.
func (w Word) Over(c config.Config) config.Config {
	if w.Says() {
		c.Affinity = w.parsed
	}
	return c
}

// Settle takes note of a configuration that came into force: one that says the
// same says it from then on.
func (w Word) Settle(c *config.Config) Word {
	if w.Says() && Same(&w.parsed, &c.Affinity) {
		return Word{}
	}
	return w
}

// Same tells whether two affinities mean the same: an empty list and none are
// no difference.
func Same(a, b *config.Affinity) bool { return reflect.DeepEqual(affinity.Of(a), affinity.Of(b)) }

// State is the affinity of c, the configuration as it was given, with the word.
func (w Word) State(c *config.Config) affinity.State {
	s := affinity.State{Now: w.Over(*c).Affinity, Configured: c.Affinity}
	if w.Says() {
		s.Said = &affinity.Said{At: stamp.Of(w.file.At), Actor: w.file.Actor, Reason: w.file.Reason}
	}
	return s
}

// Read is the word that an order gives, in a gateway of configuration c, and
// what may not be meant by it. A *problem.Rejected says what is wrong with it.
func Read(o *affinity.Order, c *config.Config, words config.Words) (Word, []problem.Fault, error) {
	if o.Text == nil {
		return Word{}, nil, nil
	}
	f := &file{Actor: o.Actor, Reason: o.Reason, Affinity: o.Text}
	if o.At != nil {
		f.At = time.Time(*o.At)
	}
	return read(f, c, words)
}

func read(f *file, c *config.Config, words config.Words) (Word, []problem.Fault, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(f.Affinity, &object); err != nil || object == nil { // JSON is YAML, but nothing else may slip in
		return Word{}, nil, &problem.Rejected{Faults: []problem.Fault{{Pointer: "#/affinity", Severity: "error", Message: "this is no mapping"}}}
	}
	var text bytes.Buffer
	text.WriteString(`{"listen": {`)
	if len(c.Listen.HTTP) > 0 { // what is checked looks at which fronts there are, not at where
		text.WriteString(`"http": [":80"], `)
	}
	if c.Listen.SIP.On() {
		text.WriteString(`"sip": {"external": ["udp://:5060"], "internal": ["udp://:5065"]}`)
	}
	text.WriteString(`}, "affinity": `)
	if err := json.Compact(&text, f.Affinity); err != nil {
		return Word{}, nil, err
	}
	text.WriteString("}")
	parsed, problems := config.Parse("affinity", text.Bytes(), words)
	wrong, warnings := &problem.Rejected{}, []problem.Fault{}
	for _, p := range problems {
		if p.Path != "affinity" && !strings.HasPrefix(p.Path, "affinity.") && !(p.Path == "" && p.Severity == "error") {
			continue
		}
		fault := problem.Fault{Pointer: pointer(p.Path), Severity: string(p.Severity), Message: p.Message, Hint: p.Hint}
		if p.Severity == "error" {
			wrong.Faults = append(wrong.Faults, fault)
		} else {
			warnings = append(warnings, fault)
		}
	}
	if len(wrong.Faults) > 0 {
		return Word{}, nil, wrong
	}
	if c.Gateways > 1 {
		warnings = append(warnings, problem.Fault{Pointer: "#/affinity", Severity: "warn", Message: "this counts for one gateway of several", Hint: "say it to each of them"})
	}
	return Word{f, parsed.Affinity}, warnings, nil
}

var index = regexp.MustCompile(`\[(\d+)\]`)

// pointer is a key of the configuration as a JSON pointer into a request.
func pointer(path string) string {
	return "#/" + strings.ReplaceAll(index.ReplaceAllString(path, ".$1"), ".", "/")
}

// Load reads the word that was said before the process started, in a gateway
// of configuration c. Without a file there is none.
func Load(name string, c *config.Config, words config.Words) (Word, error) {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Word{}, nil
	case err != nil:
		return Word{}, err
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return Word{}, errors.New("it is no regular file, or too large")
	case info.Mode().Perm()&0o077 != 0:
		return Word{}, fmt.Errorf("it can be used by others (mode %04o)", info.Mode().Perm())
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return Word{}, err
	}
	f := &file{}
	if err := json.Unmarshal(text, f); err != nil {
		return Word{}, err
	}
	w, _, err := read(f, c, words)
	if wrong := (*problem.Rejected)(nil); errors.As(err, &wrong) {
		return Word{}, fmt.Errorf("%s: %s", wrong.Faults[0].Pointer, wrong.Faults[0].Message)
	}
	return w.Settle(c), err
}

// Keep writes the file, whole or not at all; of a word that says nothing there
// is none.
func (w Word) Keep(name string) error {
	if !w.Says() {
		if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.MarshalIndent(w.file, "", "  ")
	if err != nil {
		return err
	}
	return access.WritePrivate(name, append(text, '\n'))
}
