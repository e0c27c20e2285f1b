package rmi

import (
	"net"

	"twinhop/gateway/heartbeat/rmi/jser"
)

// name is what nodes look up.
const name = "SIPBalancer"

// The operations of a registry, by number.
const (
	opBind = iota
	opList
	opLookup
	opRebind
	opUnbind
)

var (
	registryHash uint64 = 0x44154dc9d4e63bdf
	stubClass           = jser.Class{Interfaces: []string{"java.rmi.Remote", "org.mobicents.tools.sip.balancer.NodeRegisterRMIStub"}}
	proxyClass          = jser.Class{
		Name: "java.lang.reflect.Proxy", UID: -2222568056686623797,
		Fields: []jser.Field{{Code: 'L', Name: "h", Type: "Ljava/lang/reflect/InvocationHandler;"}},
	}
	handlerClass = jser.Class{Name: "java.rmi.server.RemoteObjectInvocationHandler", UID: 2}
	remoteClass  = jser.Class{Name: "java.rmi.server.RemoteObject", UID: -3215090123894869218}.Custom()
)

// registry does what may be done with it, which is to look.
func (c *call) registry() (*jser.Writer, error) {
	if c.hash != registryHash {
		return nil, refuse(mismatch, "another interface than that of a registry")
	}
	switch c.op {
	case opList:
		w := c.peer.s.answer()
		w.Strings(name)
		return w, nil
	case opLookup:
		asked, err := c.string()
		if err != nil {
			return nil, err
		}
		if asked != name {
			return nil, refuse(notBound, "%.64q is not here, only %s", asked, name).after()
		}
		return c.stub(), nil
	case opBind, opRebind, opUnbind:
		return nil, refuse(accessDenied, "nothing can be bound here")
	}
	return nil, refuse(unmarshalException, "operation %d is not known", c.op)
}

// stub is the answer to a lookup: a proxy that calls the balancer. The address
// in it must be one that the node can connect to.
func (c *call) stub() *jser.Writer {
	s := c.peer.s
	host := s.Host
	if host == "" {
		host = sourceOf(c.peer.c.LocalAddr()).String()
	}
	at := s.Registry
	if s.Objects != nil {
		at = s.Objects
	}
	port := 0
	if tcp, ok := at.Addr().(*net.TCPAddr); ok {
		port = tcp.Port
	}
	w := s.answer()
	w.Begin(stubClass, proxyClass)
	w.Begin(handlerClass, remoteClass) // the value of h
	w.Data(reference(host, port))
	w.End()
	return w
}
