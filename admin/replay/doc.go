// Package replay gives a request that comes again the answer of the first time.
//
// Knows: Idempotency-Key, answers of gin's handlers.
// Must not know: what is asked for, who asks.
// Owns: the answers of a day, for as many keys as it may keep.
// Entered by: admin.
package replay
