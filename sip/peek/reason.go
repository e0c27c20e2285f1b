package peek

// Reason says why a message is not acceptable; OK that it is.
type Reason uint8

// The reasons, each with the words String gives, which are also metric label values.
const (
	OK            Reason = iota
	TooLong              // more than Limits.Message bytes
	NoEnd                // no blank line after the headers
	BareLine             // a CR or LF that is not part of CRLF, before the body
	BadStart             // start line is neither a request nor a status line
	BadVersion           // a SIP version other than 2.0 (RFC 3261 section 21.5.6)
	BadURI               // Request-URI of a known scheme that cannot be read
	URITooLong           // Request-URI above Limits.URI
	UnknownScheme        // Request-URI with a scheme other than sip, sips, tel, urn (RFC 3261 section 16.3 step 2)
	BadHeader            // a header line without a name or a colon
	LineTooLong          // a header above Limits.Line
	TooMany              // more headers or Route values than the limits
	TooManyHops          // more Via values than Limits.Vias
	Missing              // Via, From, To, Call-ID or CSeq is absent
	Duplicate            // a single-valued header appears twice: never first, never last
	BadVia               // the topmost Via cannot be read
	BadAddress           // From, To, or their tag cannot be read
	BadCallID            // Call-ID is empty, contains blanks or is above Limits.CallID
	BadCSeq              // CSeq is no number below 2^31 and a method
	MethodClash          // CSeq names another method than the request line
	BadForwards          // Max-Forwards is no number up to 255
	BadLength            // Content-Length is no number
	BodyCut              // Content-Length is larger than what arrived
	reasonCount
)

var reasonNames = [reasonCount]string{
	"ok", "too_long", "no_end", "bare_line_end", "bad_start_line", "bad_version", "bad_uri", "uri_too_long", "unknown_scheme",
	"bad_header", "line_too_long", "too_many", "too_many_hops", "missing_header", "duplicate_header", "bad_via", "bad_address",
	"bad_call_id", "bad_cseq", "cseq_method", "bad_max_forwards", "bad_content_length", "body_cut",
}

// String gives a fixed word: lower case, underscores.
func (r Reason) String() string {
	if r >= reasonCount {
		return "unknown"
	}
	return reasonNames[r]
}

// Method is a request method; methods are case-sensitive (RFC 3261 section 7.1).
type Method uint8

// The methods a proxy or an affinity rule treats differently from one another; all else is OtherMethod.
const (
	OtherMethod Method = iota
	Invite
	Ack
	Bye
	Cancel
	Options
	Register
	Subscribe
	Notify
	Refer
	Prack
	Update
	Info
	InstantMessage // MESSAGE, RFC 3428
	Publish
	methodCount
)

// Methods is how many values Method has.
const Methods = int(methodCount)

var methodNames = [methodCount]string{
	"other", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "SUBSCRIBE", "NOTIFY", "REFER", "PRACK", "UPDATE", "INFO", "MESSAGE", "PUBLISH",
}

// String is the method's name, or "other": a closed set, fit for a metric label.
func (m Method) String() string {
	if m >= methodCount {
		return "other"
	}
	return methodNames[m]
}

func methodOf(b []byte) Method {
	switch string(b) { // compiled to comparisons, no allocation
	case "INVITE":
		return Invite
	case "ACK":
		return Ack
	case "BYE":
		return Bye
	case "CANCEL":
		return Cancel
	case "OPTIONS":
		return Options
	case "REGISTER":
		return Register
	case "SUBSCRIBE":
		return Subscribe
	case "NOTIFY":
		return Notify
	case "REFER":
		return Refer
	case "PRACK":
		return Prack
	case "UPDATE":
		return Update
	case "INFO":
		return Info
	case "MESSAGE":
		return InstantMessage
	case "PUBLISH":
		return Publish
	}
	return OtherMethod
}
