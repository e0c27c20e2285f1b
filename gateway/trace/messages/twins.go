package messages

// Twins tells of messages of SIP, given in the order of time, which belong
// together: one that came and what left for it. Of a message that left more
// than once, because a node did not answer, the first is its twin; each that
// left has the one that came. What the gateway made itself has none.
func Twins(all []Kept) map[uint64]uint64 {
	type likeness struct {
		call   uint64
		method string
		status int
		cseq   uint32
	}
	twins, came := map[uint64]uint64{}, map[likeness]uint64{}
	for i := range all {
		m := &all[i]
		like := likeness{m.Mark, m.Method, m.Status, m.CSeq}
		switch {
		case m.Proto != "sip":
		case !m.Out:
			came[like] = m.N
		case m.Forwarded:
			n, known := came[like]
			if !known {
				continue
			}
			twins[m.N] = n
			if _, has := twins[n]; !has {
				twins[n] = m.N
			}
		}
	}
	return twins
}
