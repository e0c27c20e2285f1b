package http

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"twinhop/gateway/cluster"
	"twinhop/http/head"
)

// Whatever is configured and whatever nodes do: what was delivered is repeated
// only if the node that had it allows that, nobody is asked more often than
// said, pauses add up, and no request goes on counting as running.
func TestRepetitionIsBounded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string, words ...string) string { return rapid.SampledFrom(words).Draw(rt, name) }
		small := func(name string, most int) int { return rapid.IntRange(0, most).Draw(rt, name) }
		pause := func(name string) time.Duration { return time.Duration(small(name, 3)) * time.Second }
		words := PoolWords{Nodes: map[string]NodeWords{}, Retry: Retry{Rounds: small("rounds", 3), Nodes: small("nodes", 4), Interval: pause("interval")}}
		words.Rule.FailOn = []int{503, -404}
		nodes, most := "", 1
		for i := range 1 + small("members", 2) {
			n := NodeWords{Attempts: small("attempts", 3), Interval: pause("pause")}
			if repeat := draw("repeat", "idempotent", "none", "POST", "GET POST"); repeat != "idempotent" {
				list := strings.Fields(strings.TrimPrefix(repeat, "none"))
				n.Repeat = &list
			}
			most = max(most, n.Attempts)
			said := rapid.SliceOfN(rapid.SampledFrom([]string{"refuse", "full", "reset", "timeout", "garbled", "head", "half", "503", "404", "200", "500"}), 1, 6).Draw(rt, "said")
			name := fmt.Sprint("n", i+1)
			words.Nodes[name] = n
			nodes += fmt.Sprintf("; %s: %s", name, strings.Join(said, " "))
		}
		method, body := draw("method", "GET", "POST", "PUT"), []int{0, 5, 1 << 17}[small("body", 2)]
		recovery := rapid.Bool().Draw(rt, "recovery")
		synctest.Test(t, func(t *testing.T) {
			s, sc := scriptedStage(t, strings.TrimPrefix(nodes, "; "), func(s *stage) {
				s.settings.Pools = map[string]PoolWords{"default": words}
				if recovery {
					s.pool.Recovery = &cluster.Recovery{}
				}
			})
			s.front.Router.Judge = s.registry.Judge
			w := s.ask(method, "/", body)
			asked := strings.Fields(sc.nodes())
			delivered := 0
			for i, name := range asked {
				if sc.words[i] == "refuse" || sc.words[i] == "full" {
					continue
				}
				delivered++
				may := head.Idempotent(method)
				if list := words.Nodes[name].Repeat; list != nil {
					may = slices.Contains(*list, method)
				}
				if last := i == len(asked)-1; !last && (!may || body > smallBody) {
					t.Errorf("%s of %d bytes was repeated after %s of %s", method, body, sc.words[i], name)
				}
			}
			rounds, each := max(words.Retry.Rounds, 1), words.Retry.Nodes
			if each == 0 {
				each = 3
			}
			if n := len(asked); n > rounds*each*most {
				t.Errorf("%d times asked", n)
			}
			if took, limit := time.Since(sc.start), time.Duration(rounds*each*most+rounds)*3*time.Second; took > limit {
				t.Errorf("took %v", took)
			}
			last := sc.words[len(sc.words)-1]
			if got := fmt.Sprint(w.Code); (last == "200" || last == "500" || got == "200" || got == "500") && got != last {
				t.Errorf("the last node said %s, the client got %s", last, got)
			}
			if sc.open != 0 {
				t.Errorf("%d answers were not closed", sc.open)
			}
			for _, m := range s.registry.View().Pool("default").Members {
				if n := m.Load.Busy.Load(); n != 0 {
					t.Errorf("%d requests still count as running on %s", n, m.Name)
				}
			}
		})
		if t.Failed() {
			rt.Fatalf("%+v\n%s", words, nodes)
		}
	})
}
