// Package page shows the description of the API to people, as a plain page of HTML.
//
// Knows: OpenAPI 3.1 as JSON, HTML.
// Must not know: what the API does, who reads.
// Owns: the look of the page.
// Entered by: admin.
package page
