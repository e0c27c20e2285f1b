package typed

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twinhop/gateway/config/decode"
)

// Answers in the forms that programs read.
func TestForms(t *testing.T) {
	const list = `{"items":[{"id":"s_1","name":"no","n":1.50,"up":true,"keys":[{"space":"app","value":"a: b"},[1,[]],[]],"none":{}},{"id":"s_2"}],"total":null}`
	for form, want := range map[Form]string{
		"name": "s_1\ns_2\n",
		"yaml": `items:
  - id: s_1
    name: "no"
    "n": 1.50
    up: true
    keys:
      - space: app
        value: "a: b"
      - - 1
        - []
      - []
    none: {}
  - id: s_2
total: null
`,
	} {
		var out bytes.Buffer
		if err := form.Write(&out, []byte(list)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, out.String()); d != "" {
			t.Errorf("%s (-want +got):\n%s", form, d)
		}
	}
	var out bytes.Buffer
	if err := Form("json").Write(&out, []byte(`{"text":"<a&b>"}`)); err != nil || out.String() != "{\n  \"text\": \"<a&b>\"\n}\n" {
		t.Errorf("%q %v", out.String(), err)
	}
	for _, nameless := range []string{`{"class":"good"}`, `{"items":[{"at":1}]}`, `7`} {
		if err := Form("name").Write(&out, []byte(nameless)); err == nil {
			t.Errorf("%s has a name", nameless)
		}
	}
	out.Reset()
	if err := Form("name").Write(&out, []byte(`{"name":"node1","id":""}`)); err != nil || out.String() != "node1\n" {
		t.Errorf("%q %v", out.String(), err)
	}
	var f Form
	if f.Set("wide") != nil || !f.Table() || !f.Wide() || f.Set("yml") == nil {
		t.Errorf("-o %s", f)
	}
}

// What would follow, a value on a line.
func TestFlat(t *testing.T) {
	var out bytes.Buffer
	Flat(&out, []byte(`{"node":{"name":"n1","none":"","pools":[{"busy":1},2]},"last":true,"x":null,"y":[]}`))
	if d := cmp.Diff("node.name\tn1\nnode.pools[0].busy\t1\nnode.pools[1]\t2\nlast\ttrue\n", out.String()); d != "" {
		t.Error(d)
	}
	Flat(&out, []byte(`{"a":[1,`)) // does not end
}

// sheet is what is written and read again.
type sheet struct {
	One  string            `json:"one" yaml:"one"`
	List []string          `json:"list" yaml:"list"`
	Sub  struct{ N int64 } `json:"sub" yaml:"-"`
}

// Whatever the text, what is written as YAML is read as it was.
func TestYAMLIsReadAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~äß\n\t]{0,12}`)
		want := sheet{One: text.Draw(t, "one"), List: rapid.SliceOfN(text, 1, 4).Draw(t, "list")}
		raw, err := json.Marshal(map[string]any{"one": want.One, "list": want.List})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := Form("yaml").Write(&out, raw); err != nil {
			t.Fatal(err)
		}
		var got sheet
		r := decode.Reader{File: "x"}
		if r.Read(out.Bytes(), &got); len(r.Problems()) > 0 || !cmp.Equal(want, got) {
			t.Fatalf("%s\nis read as %+v: %v", out.String(), got, r.Problems())
		}
	})
}
