// Package lbstat is the management pages of the Mobicents and Restcomm load
// balancers, as far as they only read: /lbstat and /lbinfo.
//
// Knows: the members of the old answers and their types, the cluster, counters by the names of their metrics.
// Must not know: who asks, the rest of the API, session ids.
// Owns: the shape of the old answers, and what to do instead of the pages that changed something.
// Entered by: admin.
package lbstat
