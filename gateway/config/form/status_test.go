package form

import (
	"slices"
	"testing"
)

func TestStatuses(t *testing.T) {
	for text, want := range map[string][2]int{"503": {503, 503}, "400-599": {400, 599}, "5xx": {500, 599}, "4xx": {400, 499}, "404-404": {404, 404}, "302": {302, 302},
		"": {}, "50": {}, "5033": {}, "503-": {}, "-503": {}, "599-400": {}, "xx": {}, "55xx": {}, "5xx-6xx": {}, "+50": {}, "-50": {}, "5x": {}, "400-+59": {}, "4 0": {}, "400 - 599": {}, "ok": {}} {
		first, last, err := ParseStatuses(text)
		if [2]int{first, last} != want || (err == nil) != (first > 0) {
			t.Errorf("%q: %d to %d, %v", text, first, last, err)
		}
	}
	for text, ok := range map[string]bool{"400": true, "699": true, "4xx": true, "400-699": true, "399": false, "700": false, "300-500": false, "600-700": false, "3xx": false, "7xx": false, "": false} {
		if hint, err := Check("errors", text); (err == nil) != ok || hint == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got := Statuses([]string{"404", "wrong", "598-601"}); !slices.Equal(got, []int{404, 598, 599, 600, 601}) {
		t.Errorf("%v", got)
	}
}
