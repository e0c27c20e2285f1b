// Package storetest is the definition of a correct affinity table: every
// promise of appsession.Store and of the rules for sessions and their keys is
// a case here, headed by the sentence that it proves.
//
// Knows: the Store contract, how a test is written.
// Must not know: any particular store, protocols, nodes beyond their names.
// Owns: the meaning of the contract; a twin that is slow and obviously right.
// Entered by: the tests of every store.
package storetest
