// Package verdict collects what becomes of each line of another product's files, and shows it.
//
// Knows: verdicts, places, how a report looks.
// Must not know: any product, any directive.
// Owns: which of two verdicts about one line counts.
// Entered by: Ledger.Mark (gateway/config/modjk), Findings (twinhop convert, run and check).
package verdict
