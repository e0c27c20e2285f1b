package stream

// Codec is how messages stand in the bytes of one connection, and what is said there beside them. A Pool makes one for each connection.
//
// Cut and Ping are called by the goroutine that reads the connection; Wrap and Close by any. Wrap, Ping and Close are called one at a time.
type Codec interface {
	// Cut takes one Piece off b, which is what was read and not used up, in order. b may be written to. It is called again until it says
	// Nothing or Partial and has used nothing or all, and then when more has arrived. Where the bytes are cut on their way must make no
	// difference.
	Cut(b []byte) Piece
	// Wrap appends to out what is sent for a message. The message stands as it is at the end of that.
	Wrap(out, message []byte) []byte
	// Ping appends what asks the peer for a sign of life; nothing: there is no such thing.
	Ping(out []byte) []byte
	// Close appends the last bytes before we close the connection: why is nil where that is in good order, ErrLeaving at the end of Run, or
	// what is wrong with the peer's bytes.
	Close(out []byte, why error) []byte
}

// Event is what a Piece is.
type Event uint8

// The events. Message, Reply and Alive are signs of life: Limits.Idle counts from the last of them.
const (
	Nothing Event = iota // no message has begun
	Partial              // a message has begun and not ended: Limits.Partial runs
	Message              // Data is one whole message, valid until Cut is called again
	Reply                // Data is sent as it is, for a ping of the peer; Limits.Pings counts these
	Alive                // the peer lives
	End                  // the peer ends the connection in good order: Data is sent as it is, then we close
	Broken               // nothing after this can be understood, for Err; Data is what is there of the message
)

// Piece is what a Codec found in the bytes of a peer.
type Piece struct {
	Event Event
	Used  int // bytes that need not be shown again
	Data  []byte
	Err   error
}
