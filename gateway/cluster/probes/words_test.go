package probes

import (
	"slices"
	"testing"
)

func TestTheStricterWordCounts(t *testing.T) {
	never, down, always := &Words{Mode: Never}, &Words{Mode: WhenDown}, &Words{Mode: Always}
	for what, tt := range map[string]struct {
		a, b  *Words
		mode  Mode
		codes []int
		said  bool
	}{
		"nobody speaks":         {nil, nil, Unsaid, nil, false},
		"one speaks":            {nil, down, WhenDown, nil, false},
		"rather down":           {never, down, WhenDown, nil, false},
		"rather always":         {down, always, Always, nil, false},
		"never, both":           {never, never, Never, nil, false},
		"codes of one":          {always, &Words{Codes: []int{404}}, Always, []int{404}, true},
		"codes of both":         {&Words{Codes: []int{404, 405}}, &Words{Codes: []int{405, 501}}, Unsaid, []int{405}, true},
		"codes without common":  {&Words{Codes: []int{404}}, &Words{Codes: []int{405}}, Unsaid, []int{}, true},
		"a mode says no codes ": {&Words{Mode: Never, Codes: []int{404}}, always, Always, []int{404}, true},
	} {
		for _, pair := range [][2]*Words{{tt.a, tt.b}, {tt.b, tt.a}} {
			w := pair[0].With(pair[1])
			codes, said := w.Says()
			if w.Of() != tt.mode || said != tt.said || !slices.Equal(codes, tt.codes) {
				t.Errorf("%s: mode %d, codes %v, said %v", what, w.Of(), codes, said)
			}
		}
	}
}

func TestParseMode(t *testing.T) {
	for word, want := range map[string]Mode{"": Unsaid, "never": Never, "down": WhenDown, "always": Always, "often": Unsaid} {
		if got := ParseMode(word); got != want {
			t.Errorf("%q: %d", word, got)
		}
	}
}
