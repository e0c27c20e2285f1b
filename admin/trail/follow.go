package trail

import (
	"cmp"
	"context"
	"slices"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/trace"
	"twinhop/gateway/trace/messages"
)

const (
	followEvery = 500 * time.Millisecond
	followMost  = 50 // messages of one session a round; of more the page reads the timeline anew
)

// Follower tells open pages what passes for the session that they show.
type Follower struct {
	Desk
	Find    func(context.Context, appsession.ID) (appsession.Session, error)
	Watched func() map[string]bool // the sessions that pages show, by their ids
	Send    func(session, event string, data any)
}

// Run tells until ctx is done.
func (f *Follower) Run(ctx context.Context) {
	cursor := f.Messages.Follow()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.round(ctx, cursor)
		}
	}
}

// round tells what passed between the last two rounds.
func (f *Follower) round(ctx context.Context, cursor *messages.Cursor) {
	watched := f.Watched()
	if len(watched) == 0 {
		cursor.Skip()
		return
	}
	whose := map[uint64][]string{} // marks -> sessions
	for text := range watched {
		id, ok := appsession.ParseID(text)
		if !ok {
			continue
		}
		x, err := f.Find(ctx, id)
		if err != nil {
			x = appsession.Session{} // it has ended; its history knows its calls
		}
		for _, mark := range append(calls(&x, f.Trace.Timeline(id)), trace.SessionMark(id)) {
			if !slices.Contains(whose[mark], text) {
				whose[mark] = append(whose[mark], text)
			}
		}
	}
	passed := cursor.Next(func(mark uint64) bool { return whose[mark] != nil })
	slices.SortStableFunc(passed, func(a, b messages.Summary) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.N, b.N)) })
	told := map[string]int{}
	for i := range passed {
		for _, id := range whose[passed[i].Mark] {
			if told[id]++; told[id] <= followMost {
				f.Send(id, "session.message", messageOf(&messages.Kept{Summary: passed[i]}))
			}
		}
	}
	for id, n := range told {
		if n > followMost {
			f.Send(id, "resync", map[string]int{"lost": n - followMost})
		}
	}
}
