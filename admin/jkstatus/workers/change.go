package workers

import "fmt"

// Attribute is what can be changed, by mod_jk's name. Those of a balancer and
// of a node that share a name are told apart by the Change.
type Attribute string

// The attributes of balancers, members and nodes.
const (
	Retries          Attribute = "retries"
	RetryInterval    Attribute = "retry_interval"
	RecoverTime      Attribute = "recover_time"
	Escalation       Attribute = "error_escalation_time"
	MaxReplyTimeouts Attribute = "max_reply_timeouts"
	Sticky           Attribute = "sticky_session"
	Force            Attribute = "sticky_session_force"
	Method           Attribute = "method"
	Lock             Attribute = "lock"

	Activation Attribute = "activation"
	Factor     Attribute = "lbfactor"
	Route      Attribute = "route"
	Redirect   Attribute = "redirect"
	Domain     Attribute = "domain"
	Distance   Attribute = "distance"

	Host         Attribute = "host"
	Port         Attribute = "port"
	PoolTimeout  Attribute = "connection_pool_timeout"
	PingTimeout  Attribute = "ping_timeout"
	ConnectPing  Attribute = "connect_timeout"
	PrepostPing  Attribute = "prepost_timeout"
	ReplyTimeout Attribute = "reply_timeout"
	Recovery     Attribute = "recovery_options"
	BusyLimit    Attribute = "busy_limit"
	PacketSize   Attribute = "max_packet_size"
	PingInterval Attribute = "connection_ping_interval"
)

// Change is one attribute that is to have another value.
type Change struct {
	Worker    string
	Member    string // empty: the worker itself
	Attribute Attribute
	// Number is the new value; of a flag 0 or 1, of Method its place in
	// Methods, of Activation a cluster.Activation. Text is that of Host,
	// Route, Redirect and Domain.
	Number int
	Text   string
}

// Refused is an error whose text is for the client: what was asked for cannot
// be done, and why.
type Refused struct{ Why string }

// Error tells why.
func (r *Refused) Error() string { return r.Why }

// Refuse makes a *Refused.
func Refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }
