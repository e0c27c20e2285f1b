package rmi

import (
	"encoding/binary"

	"twinhop/gateway/heartbeat/rmi/jser"
)

// How a call ended.
const (
	normalReturn      = 1
	exceptionalReturn = 2
)

// answer begins an answer without exception; it is whole if nothing is returned.
func (s *Server) answer() *jser.Writer { return s.reply(normalReturn) }

func (s *Server) reply(how byte) *jser.Writer {
	w := jser.NewWriter(msgReturn)
	w.Data(s.ids.take().append([]byte{how}))
	return w
}

// reference is what is said of a remote object: where it is and its name. The
// last byte asks for an acknowledgement, as every server does.
func reference(host string, port int) []byte {
	b := jser.AppendUTF(nil, "UnicastRef")
	b = jser.AppendUTF(b, host)
	b = binary.BigEndian.AppendUint32(b, uint32(port))
	b = binary.BigEndian.AppendUint64(b, uint64(balancerID.num))
	b = balancerID.uid.append(b)
	return append(b, 1)
}

// exception is a class that clients have, with those above it.
type exception struct {
	name   string
	uid    int64
	remote bool // a java.rmi.RemoteException
}

var (
	serverException    = &exception{"java.rmi.ServerException", -4775845313121906682, true}
	unmarshalException = &exception{"java.rmi.UnmarshalException", 594380845140740218, true}
	noSuchObject       = &exception{"java.rmi.NoSuchObjectException", 6619395951570472985, true}
	accessDenied       = &exception{"java.rmi.AccessException", 6314925228044966088, true}
	notBound           = &exception{"java.rmi.NotBoundException", -1857741824849069317, false}
	mismatch           = &exception{"java.rmi.server.SkeletonMismatchException", -7780460454818859281, true}
)

var (
	// Of its fields the one that is of use; a client takes the others as null.
	throwable = jser.Class{
		Name: "java.lang.Throwable", UID: -3042686055658047285,
		Fields: []jser.Field{{Code: 'L', Name: "detailMessage", Type: "Ljava/lang/String;"}},
	}
	plainException  = jser.Class{Name: "java.lang.Exception", UID: -3387516993124229948}
	ioException     = jser.Class{Name: "java.io.IOException", UID: 7818375828146090155}
	remoteException = jser.Class{Name: "java.rmi.RemoteException", UID: -5148567311918794206}
)

// exception is an answer that the client throws.
func (s *Server) exception(no *refusal) *jser.Writer {
	w := s.reply(exceptionalReturn)
	class := jser.Class{Name: no.class.name, UID: no.class.uid}
	if no.class.remote {
		w.Begin(class, remoteException, ioException, plainException, throwable)
	} else {
		w.Begin(class, plainException, throwable)
	}
	w.String(no.text)
	return w
}
