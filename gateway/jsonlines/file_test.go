package jsonlines

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

type fruit struct {
	Name string
	N    int `json:",omitempty"`
}

var fruits = Format{Header: "fruits 1\n", MaxLine: 64}

// What was saved is loaded, in its order; an empty file of the kind is one.
func TestRoundTrip(t *testing.T) {
	for _, all := range [][]fruit{nil, {{"apple", 1}}, {{"apple", 1}, {"p\near", 0}, {"", -2}}} {
		var file bytes.Buffer
		if err := Save(&file, fruits, slices.Values(all)); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(file.String(), "\n"); n != 1+len(all) {
			t.Errorf("%d lines:\n%s", n, &file)
		}
		var got []fruit
		if wrong, err := Load(&file, fruits, func(f *fruit) bool { got = append(got, *f); return true }); wrong != 0 || err != nil || !slices.Equal(got, all) {
			t.Errorf("%+v, %d wrong, %v", got, wrong, err)
		}
	}
}

// What is no record is left out and counted; what follows a line that nobody
// wrote so is not read.
func TestStrangeFiles(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name, text, want string
		wrong            int
		err              error
	}{
		{"empty", "", "", 0, ErrFormat},
		{"another kind", "vegetables 1\n{\"Name\":\"a\"}\n", "", 0, ErrFormat},
		{"no end of the first line", "fruits 1", "", 0, ErrFormat},
		{"long first line", strings.Repeat("f", 1000) + "\n", "", 0, ErrFormat},
		{"not JSON", "fruits 1\n{\"Name\":\"a\"}\nnonsense\n\n{\"Name\":\"b\"}\n", "a b", 2, nil},
		{"refused", "fruits 1\n{\"Name\":\"a\"}\n{\"Name\":\"poison\"}\n", "a", 1, nil},
		{"cut off", "fruits 1\n{\"Name\":\"a\"}\n{\"Name\":\"b\"}", "a", 0, io.EOF},
		{"too long", "fruits 1\n{\"Name\":\"a\"}\n" + strings.Repeat(" ", 64) + "\n{\"Name\":\"b\"}\n", "a", 0, nil},
		{"as long as may be", "fruits 1\n{\"Name\":\"a\"}" + strings.Repeat(" ", 51) + "\n", "a", 0, nil},
	} {
		var got []string
		wrong, err := Load(strings.NewReader(tt.text), fruits, func(f *fruit) bool {
			if f.Name == "poison" {
				return false
			}
			got = append(got, f.Name)
			return true
		})
		if tt.name == "too long" {
			if err == nil {
				t.Errorf("%s: no error", tt.name)
			}
			err = nil
		}
		if wrong != tt.wrong || !errors.Is(err, tt.err) || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, %d wrong, %v", tt.name, got, wrong, err)
		}
	}
	half := io.MultiReader(strings.NewReader("fruits 1\n"), iotest.ErrReader(broken))
	if _, err := Load(half, fruits, func(*fruit) bool { return true }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// A writer's error is not lost.
func TestFullDisk(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	if err := Save(w, fruits, slices.Values([]fruit{{"apple", 1}})); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}
