package problem

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

type word string

func (w *word) UnmarshalText(text []byte) error {
	if string(text) != "yes" {
		return Invalid("#/word", "yes")
	}
	*w = word(text)
	return nil
}

type common struct {
	Reason string `json:"reason"`
	Force  bool   `json:"force"`
}

type Inner struct {
	Weight *int `json:"weight"`
}

type body struct {
	common
	Inner
	Word  word    `json:"word"`
	Share float64 `json:"share"`
	Deep  struct {
		Common common   `json:"inner"`
		List   []common `json:"list"`
	} `json:"deep"`
}

// Whoever sends something wrong is told where it stands and what belongs there,
// in words of JSON.
func TestReadJSONNamesThePlace(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	for text, want := range map[string]string{
		`{"reason":5}`:                      "422 #/reason a text belongs here, not a number",
		`{"force":"x"}`:                     "422 #/force true or false belongs here, not a text",
		`{"weight":"2"}`:                    "422 #/weight a whole number, not too large, belongs here, not a text",
		`{"weight":1e99}`:                   "422 #/weight a whole number, not too large, belongs here, not 1e99",
		`{"weight":{}}`:                     "422 #/weight a whole number, not too large, belongs here, not an object",
		`{"share":true}`:                    "422 #/share a number belongs here, not true or false",
		`{"word":[]}`:                       "422 #/word a text belongs here, not a list",
		`{"word":"no"}`:                     "422 #/word yes",
		`{"deep":7}`:                        "422 #/deep an object belongs here, not a number",
		`{"deep":{"inner":{"reason":1}}}`:   "422 #/deep/inner/reason a text belongs here, not a number",
		`{"deep":{"list":7}}`:               "422 #/deep/list a list belongs here, not a number",
		`{"deep":{"list":[{"reason":1}]}}`:  "422 #/deep/list/reason a text belongs here, not a number",
		`[]`:                                "422 # an object belongs here, not a list",
		`{"wieght":1}`:                      `422 #/wieght unknown key`,
		`{"a/b~":1}`:                        `422 #/a~1b~0 unknown key`,
		`{`:                                 "400  ",
		`{} {}`:                             "400  ",
		``:                                  "400  ",
		strings.Repeat(" ", MaxBody) + "{}": "413  ",
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest("POST", "/", strings.NewReader(text))
		c.Request.Header.Set("Content-Type", "application/json")
		p, _ := ReadJSON(c, &body{}).(*Problem)
		if p == nil {
			t.Errorf("%.40s: no problem", text)
			continue
		}
		f := Fault{}
		if len(p.Errors) > 0 {
			f = p.Errors[0]
		}
		if got := fmt.Sprintf("%d %s %s", p.Status, f.Pointer, f.Message); got != want {
			t.Errorf("%.40s: %q, want %q", text, got, want)
		}
	}
}
