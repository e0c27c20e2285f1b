package rmi

import (
	"context"
	"errors"
	"net/netip"

	"twinhop/gateway/heartbeat"
	"twinhop/gateway/heartbeat/rmi/jser"
)

// The methods of NodeRegisterRMIStub. A hash is of the name and the descriptor.
const (
	hashHandlePing   uint64 = 0x9078418677bc36e9 // (Ljava/util/ArrayList;)V
	hashForceRemoval uint64 = 0x27656a64e85879ff // (Ljava/util/ArrayList;)V
	hashSwitchover   uint64 = 0xc79a9242e6cffc1f // (Ljava/lang/String;Ljava/lang/String;)V
)

func (c *call) balancer(ctx context.Context) (*jser.Writer, error) {
	if c.op != -1 {
		return nil, refuse(mismatch, "methods are called by their hash")
	}
	switch c.hash {
	case hashHandlePing:
		return c.nodes(c.peer.s.Roster.Ping)
	case hashForceRemoval:
		return c.nodes(c.remove)
	case hashSwitchover:
		return c.switchover(ctx)
	}
	return nil, refuse(unmarshalException, "unrecognized method hash: method not supported by remote object")
}

// nodes has something done with each of the nodes that are the argument, one for
// each address of the process that calls. It fails if that could be done with
// none of them; then the answer says what is wrong.
func (c *call) nodes(do func(from netip.Addr, a heartbeat.Announcement) error) (*jser.Writer, error) {
	v, err := c.args.Value()
	if err != nil {
		return nil, err
	}
	all, bad := readNodes(v)
	done := false
	for _, a := range all {
		err := do(c.peer.from, a)
		done = done || err == nil
		bad = errors.Join(bad, err)
	}
	switch {
	case bad != nil && !done:
		return nil, refuse(serverException, "%s", bad).after()
	case bad != nil:
		c.peer.s.Log.Debug("RMI heartbeats: not every address of a node can be used", "peer", c.peer.from, "err", bad)
	}
	return c.peer.s.answer(), nil
}

// remove takes a node out. Gone is gone.
func (c *call) remove(from netip.Addr, a heartbeat.Announcement) error {
	err := c.peer.s.Roster.Remove(from, a)
	if errors.Is(err, heartbeat.ErrUnknown) {
		return nil
	}
	return err
}

func (c *call) switchover(ctx context.Context) (*jser.Writer, error) {
	from, err := c.string()
	if err != nil {
		return nil, err
	}
	to, err := c.string()
	if err != nil {
		return nil, err
	}
	if err := c.peer.s.Roster.Switchover(ctx, c.peer.from, from, to); err != nil {
		return nil, refuse(serverException, "switchover from %.64q to %.64q: %s", from, to, err).after()
	}
	return c.peer.s.answer(), nil
}
