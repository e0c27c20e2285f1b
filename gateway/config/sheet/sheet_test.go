package sheet

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSheet(t *testing.T) {
	s := Sheet{
		Head:   []string{"Converted from w."},
		Listen: []Value{{Text: Quote(":8080"), From: "--listen"}},
		Nodes: []Entry{{Name: "n1", From: "w:1", Values: []Value{{"http", Quote("ajp://a:8009"), "w:2 host"}, {"retries.attempts", "2", "w:3"},
			{"ajp.secret", Quote("s # \"3\\"), "w:4"}, {"ajp.ping.connect", "true", ""}, {"ajp.ping.timeout", "1s", "w:5"}, {"ajp.maxIdle", "3", ""}}}},
		Pools: []Entry{{Name: "No", From: "w:6", Nodes: []Row{{Values: []Value{{Key: "name", Text: "n1"}}, From: "w:7"},
			{Values: []Value{{Key: "name", Text: "n2"}, {Key: "route", Text: Quote("off")}}}}, Values: []Value{{"balance", "next", "w:8"}}}, {Name: "empty"}},
		Mounts: []Row{{Values: []Value{{Key: "path", Text: Quote("/*")}, {Key: "pool", Text: "n"}, {Key: "session.cookie", Text: "X"}, {Key: "session.set", Text: "true"},
			{Key: "active", Text: List([]string{"a", "true"})}}, From: "m:1\nx: y"}},
		Cookie: Value{Text: "X"},
		Foot:   []string{"what is left", "  \x1b[2J"},
	}
	want := `# Converted from w.
version: 1

listen:
  http:
    - {addr: ":8080"} # --listen

nodes:
  - name: n1 # w:1
    http: "ajp://a:8009" # w:2 host
    retries:
      attempts: 2 # w:3
    ajp:
      secret: "s # \"3\\" # w:4
      ping:
        connect: true
        timeout: 1s # w:5
      maxIdle: 3

pools:
  "No": # w:6
    nodes:
      - n1 # w:7
      - {name: n2, route: "off"}
    balance: next # w:8
  empty: {}

mounts:
  - {path: "/*", pool: n, session: {cookie: X, set: true}, active: [a, "true"]} # m:1` + "\uFFFD" + `x: y

affinity:
  http:
    - {source: cookie, name: X}

# what is left
#   ` + "\uFFFD" + `[2J
`
	if d := cmp.Diff(want, string(s.Bytes())); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
