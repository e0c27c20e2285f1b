// Package specimens keeps of recent messages that opened something by what
// they could be told apart: every place that an affinity could name, each
// value as a keyed hash. So it can be tried what other keys would have done.
//
// Knows: places in messages, their values while they are added, which node served.
// Must not know: how a message is read, which places count, how a decision is made.
// Owns: the Recorder with its bounded memory, the seed of the hashes.
// Entered by: http.Front and sip.Front (what was served), cmd (the preview of an affinity).
//
// No value is kept, only its hash and a few letters for people (trace.Mask).
// Names of parameters, cookies and headers are kept as they are.
package specimens
