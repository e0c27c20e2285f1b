package sip

import "net"

func streamListener(l net.Listener) Listener { return Listener{Stream: l} }
