// Package workers is the cluster as mod_jk's status worker sees it: balancers
// with their members, single workers, URI rules, and what of them can be
// changed.
//
// Knows: the cluster, the configuration, what each attribute of mod_jk is in their words.
// Must not know: requests, forms of answers, who may change what.
// Owns: nothing; a State is made from a View and a configuration at one moment.
// Entered by: admin/jkstatus, which shows a State; cmd, which makes it and applies each Change.
package workers
