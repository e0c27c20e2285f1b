package trail

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
	"twinhop/gateway/trace/messages"
)

// A page that shows a session hears of what passes for it, once, also of the
// first message of a call, of which nobody knew whose it was; and of no more
// than it can show.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		id, other := appsession.ID{1}, appsession.ID{2}
		log := &trace.Log{MaxBytes: 1 << 20}
		passed := &messages.Log{MaxBytes: 1 << 20}
		var mu sync.Mutex // of both
		watched, told := map[string]bool{}, ""
		f := Follower{Desk: Desk{Trace: log, Messages: passed, Now: time.Now}, Watched: func() map[string]bool {
			mu.Lock()
			defer mu.Unlock()
			return maps.Clone(watched)
		},
			Find: func(context.Context, appsession.ID) (appsession.Session, error) {
				return appsession.Session{}, appsession.ErrNotFound
			},
			Send: func(session, event string, data any) {
				text, err := json.Marshal(data)
				if err != nil {
					t.Error(err)
				}
				var m Message
				_ = json.Unmarshal(text, &m) // a resync has other words
				mu.Lock()
				defer mu.Unlock()
				told += fmt.Sprintln(session == id.String(), event, m.Proto, m.Method, m.Direction, strings.Contains(string(text), "SECRET"))
			}}
		go f.Run(t.Context())
		pass := func(call string, out bool) {
			passed.Message(&messages.Message{Call: call, Method: "INVITE", CSeq: 1, Out: out, Data: []byte("SECRET")})
		}
		decide := func(call string, id appsession.ID) {
			a := &gateway.Ask{Wants: cluster.SIP}
			a.Add(appsession.Key{Space: appsession.Call, Value: call}, gateway.SourceCallID)
			log.Decided(a, &gateway.Decision{Session: id}, nil)
		}
		hears := func(after time.Duration, want string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if told != want {
				t.Errorf("told\n%swant\n%s", told, want)
			}
			told = ""
		}
		pass("before", false)
		decide("before", id)
		hears(3*followEvery, "") // nobody looks
		mu.Lock()
		watched[id.String()], watched["nonsense"] = true, true
		mu.Unlock()
		hears(3*followEvery+time.Millisecond, "")
		pass("a", false)
		hears(followEvery, "") // a round comes before it is known whose it is
		decide("a", id)
		decide("b", other)
		pass("a", true)
		pass("b", false)
		passed.Exchange(&messages.Exchange{Session: id, Method: "GET", Target: "/?x=SECRET", Status: 200, Began: time.Now().Add(time.Millisecond)})
		hears(3*followEvery, "true session.message sip INVITE in false\ntrue session.message sip INVITE out false\ntrue session.message http GET in false\n")
		for range followMost + 7 {
			pass("a", true)
		}
		hears(3*followEvery, strings.Repeat("true session.message sip INVITE out false\n", followMost)+"true resync    false\n")
	})
}
