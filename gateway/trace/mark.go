package trace

import (
	"hash/maphash"

	"twinhop/appsession"
)

// seed makes marks good for this process only.
var seed = maphash.MakeSeed()

// CallMark stands for a Call-ID, as keys have it, within this process: equal
// for equal ones, never 0, and of no use to who wants the Call-ID.
func CallMark(id string) uint64 { return max(maphash.String(seed, id), 1) }

// SessionMark is the like for a session.
func SessionMark(id appsession.ID) uint64 { return max(maphash.Bytes(seed, id[:]), 1) }

// Calls returns the marks of the calls that events are about, each once.
func Calls(events []Event) []uint64 {
	var list []uint64
	seen := map[uint64]bool{0: true}
	for i := range events {
		if c := events[i].call; !seen[c] {
			seen[c] = true
			list = append(list, c)
		}
	}
	return list
}
