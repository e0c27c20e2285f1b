package sip

import "net"

func streamListener(net.Listener) Listener { panic("no streams yet") }
