package passive

import "testing"

func TestCodes(t *testing.T) {
	c := CodesOf(0, 100, 503, 699, 703, 704, -1, 100000)
	for code, want := range map[int]bool{0: true, 100: true, 503: true, 699: true, 703: true, 704: false, -1: false, 101: false, 100000: false} {
		if c.Has(code) != want {
			t.Errorf("%d: %v", code, !want)
		}
	}
}
