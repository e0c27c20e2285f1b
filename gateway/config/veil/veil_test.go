package veil

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var v = &Veil{Key: []byte("a key for this test")}

// No secret is left in what is shown, and what comes back is what was there.
func TestCoverAndUncover(t *testing.T) {
	for name, text := range map[string]string{
		"none":       "nodes: [{name: a}] # nothing\n",
		"block":      "heartbeat:\n  secret: hunter2hunter2\n  json: {listen: x}\n",
		"flow":       "nodes: [{name: é, ajp: {secret: hunter2}}, {ajp: {secret: 'hun''ter2', x: 1}}]\n",
		"quotes":     "tls: {keystore: {\"password\": \"hunter2 \\\" # x\"}} # password of it\n",
		"anchor":     "a: {secret: &s hunter2}\nb: {secret: *s}\n",
		"far anchor": "name: &s hunter2\nb: {secret: *s}\n",
		"number":     "a: {password: 112233}\n",
		"comment":    "a: 1 # was: secret: hunter2, b\n#  password: \"hunter22\"\n  # secret=hunter2\n",
		"in a text":  "a: \"x # secret: hunter2\"\n",
		"last line":  "secret: hunter2",
		"empty":      "secret: \"\"\npassword:\n",
		"twice":      "a: {secret: hunter2, b: {password: hunter2}}\n",
		"comma":      "secret: hunter2, and more\n",
	} {
		shown, err := v.Cover([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := string(shown); strings.Contains(s, "hunter2") || strings.Contains(s, "hun''ter2") || strings.Contains(s, "112233") {
			t.Errorf("%s: a secret is shown in\n%s", name, s)
		}
		if strings.Count(text, "\n") != strings.Count(string(shown), "\n") {
			t.Errorf("%s: the lines are others in\n%s", name, shown)
		}
		back, problems := v.Uncover(shown, []byte(text))
		want := strings.Replace(text, "hunter2, and more", `"hunter2, and more"`, 1) // now it can stand in brackets, too
		if len(problems) > 0 || string(back) != want {
			t.Errorf("%s: %v in\n%s", name, problems, back)
		}
	}
}

// A secret is put back where its place went to, however that is quoted now, and shows whether it is another one.
func TestUncoverElsewhere(t *testing.T) {
	old := "nodes:\n  - {name: a, ajp: {secret: one-secret}}\n  - {name: b, ajp: {secret: two-secret}}\n"
	shown, err := v.Cover([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(shown), "\n")
	swapped := strings.Join([]string{lines[0], strings.ReplaceAll(lines[2], `"`, ""), "  - {name: c, ajp: {secret: new}}", strings.ReplaceAll(lines[1], `"`, "'"), ""}, "\n")
	back, problems := v.Uncover([]byte(swapped), []byte(old))
	want := "nodes:\n  - {name: b, ajp: {secret: two-secret}}\n  - {name: c, ajp: {secret: new}}\n  - {name: a, ajp: {secret: one-secret}}\n"
	if len(problems) > 0 || string(back) != want {
		t.Errorf("%v\n%s", problems, back)
	}
	if other, _ := v.Cover([]byte(strings.Replace(old, "one", "two", 1))); strings.Count(string(other), lines[2][strings.Index(lines[2], "***"):][:11]) != 2 {
		t.Errorf("equal secrets look different in\n%s", other)
	}
	if other, _ := (&Veil{Key: []byte("another")}).Cover([]byte(old)); string(other) == string(shown) {
		t.Error("whoever has no key can find out what is covered")
	}
}

// Stars that stand for nothing are never taken for a secret.
func TestUncoverUnknown(t *testing.T) {
	for text, want := range map[string]string{
		"a: {secret: \"***01234567\"}\n": "1:13", // of nobody
		"\n\na: {secret: \"***\"}\n":     "3:13", // of the lines that are in force
		"é: {secret: '***abc'}\n":        "1:13",
	} {
		if back, problems := v.Uncover([]byte(text), []byte("secret: x")); len(problems) != 1 || back != nil || problems[0].Position() != "text:"+want {
			t.Errorf("%q: %q, %+v", text, back, problems)
		}
	}
}

// What cannot be covered is not shown, and the reason does not tell it either.
func TestCoverRefuses(t *testing.T) {
	for _, text := range []string{"secret: |\n  hunter2\n", "secret: hunter2\n  again\n", "secret: [hunter2]\n", "secret: {a: hunter2}\n", "secret: \"hunter2\n  b\"\n", "secret: !!str hunter2\n", "a: [hunter2\n"} {
		if shown, err := v.Cover([]byte(text)); err == nil || shown != nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %q, %v", text, shown, err)
		}
	}
}

func TestHash(t *testing.T) {
	a, b := v.Hash([]byte("x")), v.Hash([]byte("y"))
	if a == b || a != v.Hash([]byte("x")) || len(a) != 12 || a == (&Veil{Key: []byte("another")}).Hash([]byte("x")) {
		t.Error(a, b)
	}
}

// Whatever a secret is made of: it is not shown, and comes back.
func TestCoverAnySecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[ -~é]{6,20}`).Draw(t, "secret")
		text := "x: {secret: '" + strings.ReplaceAll(secret, "'", "''") + "', y: 1}\n"
		shown, err := v.Cover([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if secret != Stars && strings.TrimSpace(secret) != "" && strings.Contains(string(shown), secret) {
			t.Fatalf("%q is shown in %q", secret, shown)
		}
		if back, problems := v.Uncover(shown, []byte(text)); len(problems) > 0 || string(back) != text {
			if !strings.HasPrefix(secret, Stars) {
				t.Fatalf("%q became %q: %v", text, back, problems)
			}
		}
	})
}

func FuzzCover(f *testing.F) {
	f.Add("a: {secret: hunter2} # password: x\n")
	f.Add("\uFEFFsecret: &a b\r\npassword: *a\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		shown, err := v.Cover([]byte(text))
		if err != nil {
			return
		}
		if again, err := v.Cover(shown); err == nil && strings.Count(string(again), Stars) != strings.Count(string(shown), Stars) {
			t.Errorf("%q, then %q", shown, again)
		}
		v.Uncover(shown, []byte(text))
	})
}
