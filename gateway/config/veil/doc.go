// Package veil covers the secrets in the text of a configuration, so that it
// can be shown and come back changed, and puts them in again.
//
// Knows: which keys hold secrets, how their values stand in YAML and in comments.
// Must not know: what else the keys mean, who is shown a text, where it is kept.
// Owns: what stands in the place of a secret, and the name of a text.
// Entered by: Veil.Cover before a text is shown, Veil.Uncover when one comes back.
package veil
