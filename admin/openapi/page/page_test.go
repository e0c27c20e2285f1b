package page

import (
	"regexp"
	"strings"
	"testing"

	"twinhop/admin/openapi/conform"
)

// Everything that is described is on the page, every link leads somewhere, and nothing on it needs a script.
func TestPageHasEverything(t *testing.T) {
	text, err := HTML()
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	doc, err := conform.Described()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		ids[m[1]]++
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("%d times the id %s", n, id)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if ids[op.OperationID] == 0 || !strings.Contains(page, method+"</span> <code>"+path+"</code>") {
				t.Errorf("%s %s is not there", method, path)
			}
		}
	}
	for name := range doc.Components.Schemas {
		if ids["schema-"+name] == 0 {
			t.Errorf("%s is not there", name)
		}
	}
	links := regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1)
	for _, m := range links {
		if ids[m[1]] == 0 {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
	if len(links) < 200 {
		t.Errorf("%d links", len(links))
	}
	if bad := regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son\w+=|javascript:|https?://|ZgotmplZ`).FindString(page); bad != "" {
		t.Errorf("%q is on the page", bad)
	}
}

// What stands in the description is text, and never HTML.
func TestPageEscapes(t *testing.T) {
	text, err := write([]byte(`{"info":{"title":"<b>x"},"tags":[{"name":"a"}],"paths":{"/x":{"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}],
		"get":{"operationId":"getX","tags":["a"],"summary":"<script>alert(1)</script>","responses":{"200":{"description":"Done","content":{"application/json":{"schema":
		{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/Y"},{"type":["string","null"],"format":"date-time"}]}}}}}}}}},
		"components":{"schemas":{"Y":{"type":"object","required":["k"],"properties":{"k":{"type":"object","properties":{"n":{"enum":["u","v"]}}},"l":{"type":"array","items":{"properties":{"m":{}}}},"o":{"additionalProperties":{"type":"integer"}},"p":{"additionalProperties":true}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{"&lt;script&gt;alert(1)", "&lt;b&gt;x", `list of <a href="#schema-Y">Y</a> or string or null, date-time`, `<code>k.n</code><td>&#34;u&#34;, &#34;v&#34;`, "<code>l[].m</code>", "by name: integer", `<code>id</code> <span class="in">path</span> <span class="must">always`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	if _, err := write([]byte(`{"paths":{"/x":{"get":7}}}`)); err == nil {
		t.Error("what is no description made a page")
	}
}
