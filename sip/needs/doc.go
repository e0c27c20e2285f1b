// Package needs finds out what a call takes of the node that it is given to.
//
// Knows: ordered rules, the Request-URI, headers, the codecs that an SDP body offers.
// Must not know: nodes, what they have, who decides, what is answered where no rule fits.
// Owns: the rules.
// Entered by: sip, once for each INVITE that begins a dialog.
package needs
