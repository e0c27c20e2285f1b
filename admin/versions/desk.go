package versions

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/caller"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/gateway/config"
	"twinhop/gateway/config/veil"
)

// OnDisk is the file that the configuration comes from, as it is now.
type OnDisk struct {
	Path string // "": it comes from no file of ours
	Text []byte
	Err  error  // why it cannot be read
	Why  string // that nothing may be written to it, for people; "": it may
}

// Outcome is what the step from one configuration to another changes.
type Outcome struct {
	Changed []string        `json:"changed"` // keys that count at once
	Restart []string        `json:"restart"` // keys that count after a restart
	Faults  []problem.Fault `json:"faults"`  // of the second one, warnings included
}

// Panel is what can be seen and done.
type Panel struct {
	Book *Book
	Veil *veil.Veil
	File func() OnDisk
	// Compare tells what the step between two texts changes.
	Compare func(from, to string) *Outcome
	// Put writes a text into the file and puts it into force. A
	// *problem.Rejected says what is wrong with it; then nothing changed.
	Put Put
}

// Item is a version in a list.
type Item struct {
	ID       string      `json:"id"`
	At       *stamp.Time `json:"at"`
	Actor    string      `json:"actor,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Hash     string      `json:"hash"`
	Current  bool        `json:"current"`
	Source   string      `json:"source"`
	Restored string      `json:"restored,omitempty"`
	Changed  []string    `json:"changed"`
}

func (p *Panel) item(v *Version) Item {
	i := Item{ID: ID(v.Number), At: stamp.Of(v.At), Actor: v.Actor, Reason: v.Reason, Hash: p.Veil.Hash([]byte(v.Text)),
		Current: v.Number == p.Book.Now().Number, Source: v.Source, Changed: append([]string{}, v.Changed...)}
	if v.Restored > 0 {
		i.Restored = ID(v.Restored)
	}
	return i
}

type listView struct {
	Items []Item `json:"items"`
	Total total  `json:"total"`
}

type total struct {
	Value    int    `json:"value"`
	Relation string `json:"relation"`
}

// List answers the versions, the newest first.
func (p *Panel) List(*gin.Context) (any, error) {
	v := listView{Items: []Item{}}
	for _, x := range slices.Backward(p.Book.All()) {
		v.Items = append(v.Items, p.item(&x))
	}
	v.Total = total{len(v.Items), "eq"}
	return v, nil
}

type textView struct {
	Text     *string `json:"text,omitempty"`
	Withheld string  `json:"withheld,omitempty"`
}

// covered is a text as it may be shown.
func (p *Panel) covered(text string) textView {
	shown, err := p.Veil.Cover([]byte(text))
	if err != nil {
		return textView{Withheld: err.Error()}
	}
	s := string(shown)
	return textView{Text: &s}
}

// Get answers one version with its text.
func (p *Panel) Get(c *gin.Context) (any, error) {
	v, err := p.find(c.Param("version"))
	if err != nil {
		return nil, err
	}
	return struct {
		Item
		textView
	}{p.item(&v), p.covered(v.Text)}, nil
}

func (p *Panel) find(id string) (Version, error) {
	v, ok := p.Book.Find(id)
	if !ok {
		return v, problem.New(http.StatusNotFound, "not-found", "There is no such version; the last %d are kept.", Kept)
	}
	return v, nil
}

// Brief names the version in force.
type Brief struct {
	Version string `json:"version"`
	Hash    string `json:"hash,omitempty"`
}

// Brief names the version in force; nil: there is none.
func (p *Panel) Brief() *Brief {
	v := p.Book.Now()
	if v.Number == 0 {
		return nil
	}
	return &Brief{ID(v.Number), p.Veil.Hash([]byte(v.Text))}
}

// etag names the version in force: who changes it says which one is known.
func (p *Panel) etag() string { return `"` + p.Veil.Hash([]byte(p.Book.Now().Text)) + `"` }

// Head is what the page of the configuration says of its version and file.
type Head struct {
	ETag        string    `json:"etag"`
	Version     string    `json:"version"`
	Writable    bool      `json:"writable"`
	ReadOnlyWhy string    `json:"readOnlyWhy,omitempty"`
	File        *fileView `json:"file,omitempty"`
}

type fileView struct {
	Path    string `json:"path"`
	Differs bool   `json:"differs,omitempty"` // it is other than what is in force
	textView
}

// Head is what the version in force and its file are, and sets the ETag.
func (p *Panel) Head(c *gin.Context) *Head {
	v, f := p.Book.Now(), p.File()
	h := &Head{ETag: p.etag(), Version: ID(v.Number), Writable: f.Why == "", ReadOnlyWhy: f.Why}
	if f.Path != "" {
		h.File = &fileView{Path: f.Path, Differs: f.Err != nil || string(f.Text) != v.Text}
		if caller.Of(c).Role >= access.RoleAdmin {
			h.File.textView = p.covered(v.Text)
		}
	}
	c.Header("ETag", h.ETag)
	return h
}

// MaxBody bounds a body with a text of the largest size, written in JSON.
const MaxBody = 2 << 20

type question struct {
	From string  `json:"from"`
	To   string  `json:"to"`
	Text *string `json:"text"`
}

type answer struct {
	Lines []DiffLine `json:"lines"`
	Outcome
	Same bool `json:"same"`
}

// Diff answers how two texts differ. Secrets are covered, and show whether they do.
func (p *Panel) Diff(c *gin.Context) (any, error) {
	var q question
	if err := problem.ReadJSONUpTo(c, &q, MaxBody); err != nil {
		return nil, err
	}
	from, err := p.named("#/from", q.From)
	if err != nil {
		return nil, err
	}
	var to string
	switch {
	case q.Text == nil:
		if to, err = p.named("#/to", q.To); err != nil {
			return nil, err
		}
	case q.To != "":
		return nil, problem.Invalid("#/to", "say to or text")
	case caller.Of(c).Role < access.RoleAdmin:
		return nil, problem.New(http.StatusForbidden, "forbidden", "With a text this needs the role %s.", access.RoleAdmin)
	default:
		var faults []problem.Fault
		if to, faults = p.Uncover(*q.Text); len(faults) > 0 {
			return nil, unknown(faults)
		}
	}
	a := answer{Outcome: *p.Compare(from, to), Same: from == to}
	a.Changed, a.Restart, a.Faults = append([]string{}, a.Changed...), append([]string{}, a.Restart...), append([]problem.Fault{}, a.Faults...)
	old, now := p.covered(from), p.covered(to)
	if old.Text == nil || now.Text == nil {
		return nil, problem.New(http.StatusUnprocessableEntity, "validation", "The lines are not shown: %s", old.Withheld+now.Withheld)
	}
	a.Lines = Diff(*old.Text, *now.Text)
	mark(a.Lines, keys(from), keys(to))
	return a, nil
}

// named finds a text by what a request calls it.
func (p *Panel) named(pointer, name string) (string, error) {
	switch name {
	case "now":
		return p.Book.Now().Text, nil
	case "file":
		f := p.File()
		if f.Path == "" || f.Err != nil {
			return "", problem.Invalid(pointer, "there is no file, or it cannot be read")
		}
		return string(f.Text), nil
	}
	v, ok := p.Book.Find(name)
	if !ok {
		return "", problem.Invalid(pointer, `"now", "file", or the id of a version such as "v3"`)
	}
	return v.Text, nil
}

// Uncover is a text that came in with the secrets that it stands for, or the
// faults of those that are not known.
func (p *Panel) Uncover(text string) (done string, faults []problem.Fault) {
	known := [][]byte{}
	for _, v := range p.Book.All() {
		known = append(known, []byte(v.Text))
	}
	whole, problems := p.Veil.Uncover([]byte(text), known...)
	for _, x := range problems {
		faults = append(faults, problem.Fault{Place: x.Position(), Pointer: "#/text", Severity: string(x.Severity), Message: x.Message, Hint: x.Hint})
	}
	return string(whole), faults
}

// unknown is what is answered to a text whose secrets are not known.
func unknown(faults []problem.Fault) error {
	r := &problem.Rejected{Faults: faults}
	return r.Problem("The text cannot be taken.")
}

// keys are the keys of a text by the lines that their values begin in: of
// several the outermost.
func keys(text string) map[int]string {
	type found struct {
		col int
		key string
	}
	lines, best := split(strings.ReplaceAll(text, "\r\n", "\n")), map[int]found{}
	for key, at := range config.Places([]byte(text)) {
		if key == "" || at.Line > len(lines) {
			continue
		}
		line := lines[at.Line-1]
		if begin := len(line) - len(strings.TrimLeft(line, " -")); at.Col <= begin+1 && !strings.HasSuffix(key, "]") {
			continue // a list or mapping in lines of its own begins with what is in it first
		}
		b, ok := best[at.Line]
		if !ok || at.Col < b.col || at.Col == b.col && len(key) > len(b.key) {
			best[at.Line] = found{at.Col, key}
		}
	}
	all := map[int]string{}
	for line, b := range best {
		all[line] = b.key
	}
	return all
}

func mark(lines []DiffLine, old, now map[int]string) {
	for i := range lines {
		if l := &lines[i]; l.New > 0 {
			l.Key = now[l.New]
		} else {
			l.Key = old[l.Old]
		}
	}
}
