// Package limits is how the admin shows what the SIP front keeps out and has in hand.
//
// Knows: addresses, counts, words for reasons, the form of its own part of the API.
// Must not know: SIP, who asks, what a limit is for, how it is kept.
// Owns: nothing; a State is filled by whoever assembles the process.
// Entered by: admin, which serves Page; cmd, which fills State.
package limits
