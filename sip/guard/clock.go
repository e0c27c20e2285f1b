package guard

import "time"

// moment is a time in nanoseconds, always above 0, so that 0 can mean never.
type moment int64

// epoch lies long before any time that is passed in; it is given as a time read when the program started, so that monotonic readings of
// the clock are used where there are any: ages must not jump when somebody sets it.
var epoch = time.Now()

const sinceEpoch = 1 << 61 // 73 years

func at(now time.Time) moment { return max(1, moment(now.Sub(epoch))+sinceEpoch) }
