//go:build !linux

package stream

import "net"

func setPatience(*net.TCPConn) {}
