package pending

import "time"

// bounds are the upper ends of the stretches that Durations counts in. The short ones are those of refusals, the long ones of telephones that ring.
var bounds = [...]time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 3 * time.Minute,
}

// answerClasses are the hundreds of final answers, 2 to 6; 0 and 1 stay empty.
const answerClasses = 7

// Durations says how many INVITEs took how long.
type Durations struct {
	Counts [len(bounds) + 1]uint64 // for each stretch those that it holds, and last those longer than all
	Sum    time.Duration
}

// final notes that the first final answer to an INVITE goes up.
func (c *turn) final(x *Invite, status int) {
	took, i := time.Duration(c.now-x.born), 0
	for i < len(bounds) && took > bounds[i] {
		i++
	}
	d := &c.s.tally.took[min(status/100, answerClasses-1)]
	d.Counts[i]++
	d.Sum += took
}

// Took is how long the INVITEs that were taken in took until their first final answer went up, by its hundreds.
func (t *Table) Took() (all [answerClasses]Durations) {
	for i := range t.all {
		s := &t.all[i]
		s.mu.Lock()
		took := s.tally.took
		s.mu.Unlock()
		for class := range took {
			for j, n := range took[class].Counts {
				all[class].Counts[j] += n
			}
			all[class].Sum += took[class].Sum
		}
	}
	return all
}
