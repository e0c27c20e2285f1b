package rmi

import (
	"math"
	"time"

	"twinhop/gateway/heartbeat/rmi/jser"
)

// The operations of distributed garbage collection. What a client says there is
// of no consequence: the balancer is there as long as we are. Only it must have
// an answer, or it would throw its reference away.
const (
	opClean = 0
	opDirty = 1
)

var (
	dgcHash    uint64 = 0xf6b6898d8bf28643
	leaseClass        = jser.Class{
		Name: "java.rmi.dgc.Lease", UID: -5713411624328831948,
		Fields: []jser.Field{{Code: 'J', Name: "value"}, {Code: 'L', Name: "vmid", Type: "Ljava/rmi/dgc/VMID;"}},
	}
	vmidClass = jser.Class{
		Name: "java.rmi.dgc.VMID", UID: -538642295484486218,
		Fields: []jser.Field{{Code: '[', Name: "addr", Type: "[B"}, {Code: 'L', Name: "uid", Type: "Ljava/rmi/server/UID;"}},
	}
	uidClass = jser.Class{
		Name: "java.rmi.server.UID", UID: 1086053664494604050,
		Fields: []jser.Field{{Code: 'S', Name: "count"}, {Code: 'J', Name: "time"}, {Code: 'I', Name: "unique"}},
	}
)

func (c *call) dgc() (*jser.Writer, error) {
	if c.hash != dgcHash {
		return nil, refuse(mismatch, "another interface than that of garbage collection")
	}
	if c.op != opClean && c.op != opDirty {
		return nil, refuse(unmarshalException, "operation %d is not known", c.op)
	}
	if _, err := c.args.Value(); err != nil { // which objects
		return nil, err
	}
	if _, err := c.args.Data(8); err != nil { // sequence number
		return nil, err
	}
	v, err := c.args.Value() // who: a VMID, with dirty in a Lease
	if err != nil {
		return nil, err
	}
	if c.op == opClean {
		if _, err := c.args.Data(1); err != nil { // whether for good
			return nil, err
		}
		return c.peer.s.answer(), nil
	}
	asked, ok := v.(*jser.Object)
	if !ok || asked.Class.Name != leaseClass.Name {
		return nil, refuse(unmarshalException, "no lease")
	}
	w := c.peer.s.answer()
	c.lease(w, asked)
	return w, nil
}

// lease grants what was asked for, but no longer than we say.
func (c *call) lease(w *jser.Writer, asked *jser.Object) {
	length := c.peer.s.Limits.Lease
	if ms, _ := asked.Field("value").(int64); ms > 0 && ms < math.MaxInt64/int64(time.Millisecond) {
		length = min(length, time.Duration(ms)*time.Millisecond)
	}
	w.Begin(leaseClass)
	w.Long(length.Milliseconds())
	vmid, _ := asked.Field("vmid").(*jser.Object)
	if vmid == nil { // it has no name yet
		u := c.peer.s.ids.take()
		w.Begin(vmidClass)
		w.ByteArray(u.append(nil)[:8])
		writeUID(w, u)
		return
	}
	w.Begin(vmidClass)
	addr, _ := vmid.Field("addr").([]byte)
	w.ByteArray(addr)
	var u uid
	if o, ok := vmid.Field("uid").(*jser.Object); ok {
		unique, _ := o.Field("unique").(int64)
		count, _ := o.Field("count").(int64)
		u.time, _ = o.Field("time").(int64)
		u.unique, u.count = int32(unique), int16(count)
	}
	writeUID(w, u)
}

func writeUID(w *jser.Writer, u uid) {
	w.Begin(uidClass)
	w.Short(u.count)
	w.Long(u.time)
	w.Int(u.unique)
}
