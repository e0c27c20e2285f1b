// Package stages starts the parts of a process in order and stops them in the
// exact reverse, after their work is done.
//
// Knows: goroutines, what of a stage is to be waited for and for how long.
// Must not know: what any stage does.
// Owns: Stages, the order of start and stop, and how long a stage may take to end.
// Entered by: Start, Finish and Stop, in this order.
package stages
