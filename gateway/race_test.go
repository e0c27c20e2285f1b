package gateway_test

import (
	"fmt"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"twinhop/appsession"
	"twinhop/gateway"
)

// Messages of one new session that come at the same time go to one node, and
// what the table says of their keys afterwards is where they went.
func TestTogether(t *testing.T) {
	s := newStage(t, txtar.Parse([]byte(twoNodes+"-- settings --\nmaxEntries=9000\n")))
	for _, c := range []struct{ name, one, other string }{
		{"one call", "sip call=c%d", "sip call=c%[1]d"},
		{"one caller", "sip from.user=u%d call=a%[1]d", "sip from.user=u%d call=b%[1]d"},
		{"one user", "http appsession=v%d", "sip to.user=v%d call=v%[1]d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i := range 500 {
				lines := [2]string{fmt.Sprintf(c.one, i), fmt.Sprintf(c.other, i)}
				var asks [2]gateway.Ask
				var got [2]gateway.Decision
				for j, line := range lines {
					s.fill(words(line))
					asks[j].Kind, asks[j].Wants, asks[j].View, asks[j].Pool = s.ask.Kind, s.ask.Wants, s.ask.View, s.ask.Pool
					asks[j].Evidence = append(asks[j].Evidence, s.ask.Evidence...)
				}
				start, all := make(chan struct{}), sync.WaitGroup{}
				for j := range asks {
					all.Go(func() {
						<-start
						d, err := s.router.Try(&asks[j])
						if err != nil {
							t.Error(err)
						}
						got[j] = d
					})
				}
				close(start)
				all.Wait()
				if got[0].Member != got[1].Member || got[0].Session != got[1].Session {
					t.Fatalf("%v: %s and %s", lines, got[0].Member.Name, got[1].Member.Name)
				}
				for j := range asks {
					for _, ev := range asks[j].Evidence {
						b, err := s.store.Find(t.Context(), []appsession.Key{ev.Key})
						if err != nil || b.Node != got[j].Member.Name {
							t.Fatalf("%s went to %s, but its %v leads to %s, %v", lines[j], got[j].Member.Name, ev.Space, b.Node, err)
						}
					}
				}
			}
		})
	}
}
