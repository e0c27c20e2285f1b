package affinity

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
)

// keys lists the keys of a type, those of its lists with "[]".
func keys(t reflect.Type, tag, path string) (all []string) {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		if t.Kind() == reflect.Slice {
			path += "[]"
		}
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []string{path}
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get(tag), ",")
		all = append(all, keys(f.Type, tag, path+"."+name)...)
	}
	slices.Sort(all)
	return all
}

// What the configuration can say of affinity the API can, in the same words.
func TestDocumentHasEveryKey(t *testing.T) {
	want, got := keys(reflect.TypeFor[config.Affinity](), "yaml", ""), keys(reflect.TypeFor[Document](), "json", "")
	if !slices.Equal(want, got) || len(want) < 10 {
		t.Errorf("configuration %v\nAPI %v", want, got)
	}
}

// What the API shows, given back, means the same.
func TestDocumentIsAConfiguration(t *testing.T) {
	words := config.Words{HTTPSources: []string{"cookie", "query"}, SIPSources: []string{"call-id", "from.user", "header:"}}
	for name, change := range map[string]func(*config.Affinity){
		"as it is": func(*config.Affinity) {},
		"all": func(a *config.Affinity) {
			*a = config.Affinity{Leader: "sip", HTTP: []config.HTTPSource{{Source: "cookie", Name: "SID"}},
				SIP: []config.SIPSource{{Source: "from.user", Exclude: config.Exclude{Users: []string{"trunk", "0*1"}, Pattern: `\+1"'.*`, Networks: []string{"10.0.0.0/8"}}},
					{Source: "header:X-App"}},
				Route: config.RouteWords{Delimiter: "last", Query: "jsid", AnyCase: true}, Instance: true, MaxKeys: 9,
				TTL: config.TTL{Idle: 90 * time.Second, Max: 36 * time.Hour}}
		},
		"nothing": func(a *config.Affinity) { a.HTTP, a.SIP, a.TTL = nil, nil, config.TTL{} },
	} {
		a := config.Default().Affinity
		change(&a)
		text, err := json.Marshal(Of(&a))
		if err != nil {
			t.Fatal(err)
		}
		c, problems := config.Parse("x", []byte(`{"nodes": [{"name": "n", "http": "http://10.0.0.1"}], "affinity": `+string(text)+`}`), words)
		problems = slices.DeleteFunc(problems, func(p decode.Problem) bool { return !strings.HasPrefix(p.Path, "affinity") })
		if n, _ := problems.Count(); n > 0 || !reflect.DeepEqual(Of(&c.Affinity), Of(&a)) {
			t.Errorf("%s: %s became %+v: %v", name, text, c.Affinity, problems)
		}
	}
}

func TestETag(t *testing.T) {
	a := config.Default().Affinity
	one, again := State{Now: a}, State{Now: a, Configured: a}
	other := State{Now: a, Said: &Said{Actor: "ada"}}
	b := a
	b.TTL.Max++
	changed := State{Now: b}
	if one.ETag() != again.ETag() || one.ETag() == other.ETag() || one.ETag() == changed.ETag() {
		t.Error(one.ETag(), again.ETag(), other.ETag(), changed.ETag())
	}
}
