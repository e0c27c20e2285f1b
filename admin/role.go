package admin

import (
	"net"

	"twinhop/admin/access"
)

// Role is what a user may do; each includes those before it.
type Role = access.Role

// The roles.
const (
	RoleNone     = access.RoleNone
	RoleViewer   = access.RoleViewer   // reads
	RoleOperator = access.RoleOperator // and acts on nodes
	RoleAdmin    = access.RoleAdmin    // and everything else
)

// ListenUnix opens the socket of the command line, for Run. Only its owner can
// reach it. A socket file that nobody listens on any more is replaced; anything
// else at the path is an error.
func ListenUnix(path string) (net.Listener, error) { return access.ListenUnix(path) }
