package beat

import (
	"bytes"

	"twinhop/sip/peek"
)

// Begins tells whether bytes may be a heartbeat: an OPTIONS or INFO.
func Begins(data []byte) bool {
	return bytes.HasPrefix(data, []byte("OPTIONS ")) || bytes.HasPrefix(data, []byte("INFO "))
}

// Read gives the properties in the body of a heartbeat. ok is false for a message that is none: another method, no such header, or a body
// that is no list of properties.
func Read(m *peek.Message) (props map[string]string, ok bool) {
	if m.Response || m.Method != peek.Options && m.Method != peek.Info || !marked(m) {
		return nil, false
	}
	return Properties(m.Buf[m.Body:m.End])
}

// marked tells whether the message has the header, with whatever value; the guide of one product has another name than its code.
func marked(m *peek.Message) bool {
	for _, name := range [...]string{"mobicents-heartbeat", "restcomm-heartbeat"} {
		if _, found := m.Find(name); found {
			return true
		}
	}
	return false
}
