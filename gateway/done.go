package gateway

import (
	"time"

	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
)

// Done tells how the node did. It is called once for each decision about an
// HTTP request, and for SIP when an outcome is known.
func (d Decision) Done(o Outcome, use Usage) {
	if d.Member == nil || d.router == nil {
		return
	}
	load, judged := d.Member.Load, false
	if d.wants == cluster.HTTP {
		if d.router.Heard != nil && use.Status > 0 && o != Unasked {
			code := use.Status
			if use.Spared {
				code = 0 // an answer all the same
			}
			d.router.Heard(d.Member.Node, cluster.HTTP, code)
		}
		load.Busy.Add(-1)
		d.Member.Pool.Load.Busy.Add(-1)
		d.Member.Node.Load().Requests.Add(-1)
		load.Read.Add(use.Read)
		load.Sent.Add(use.Sent)
		if meter, ok := d.router.algorithm(d.Member.Pool, d.wants).(balance.Meter); ok {
			meter.Finished(d.Member, use.Read+use.Sent)
		}
		if judged = d.Member.Pool.Recovery != nil; judged && d.router.Judge != nil && o != Unasked {
			d.router.Judge(d.Member, signs[min(o, outcomes-1)])
		}
	}
	if d.wants == cluster.SIP {
		d.bench(o)
	}
	sign := cluster.Good
	switch o {
	case NotSent:
		sign = cluster.Refused
	case Reset, Timeout, Garbled:
		sign = cluster.Failed
	case ServerError, Refused:
		if !judged {
			load.Errors.Add(1)
		}
		return // it answered: not a matter of health
	case Overload, StatusFailed:
		load.Errors.Add(1)
		return
	case ClientGone:
		load.ClientErrors.Add(1)
		return
	case Unasked, Declined:
		return
	}
	if sign != cluster.Good {
		load.Errors.Add(1)
		d.Member.Node.Load().Failed.Add(1)
		if judged {
			return // it was held against the member, not against the node
		}
	}
	if d.router.Report != nil {
		d.router.Report(d.Member.Node, d.wants, sign)
	}
}

// bench gives a node that failed a call nothing new for a while, if the pool
// wants that. What belongs to it still goes there.
func (d *Decision) bench(o Outcome) {
	switch o {
	case NotSent, Refused, Reset, Timeout, ServerError:
		if d.Member.Unprobed() && d.router.Failed != nil {
			d.Member.Node.Rest(d.wants, time.Now().Add(time.Second)) // till who was told has acted
			d.router.Failed(d.Member)
			return
		}
		if p := d.router.policy.Load(); p != nil {
			if t := p.Pools[d.Member.Pool.Name].Bench; t > 0 && !d.Member.Resting(d.wants) { // what it asked for itself counts
				d.Member.Node.Rest(d.wants, time.Now().Add(t))
				if d.router.Report != nil {
					d.router.Report(d.Member.Node, d.wants, cluster.Answered) // let it be probed now
				}
			}
		}
	}
}

// Age lets the load values of a pool age (see cluster.Registry.Maintain).
// Where both services count, they count in the same values.
func (r *Router) Age(p *cluster.Pool, intervals int, recovering []*cluster.Member) {
	for _, s := range cluster.Services() {
		if ager, ok := r.algorithm(p, s).(balance.Ager); ok {
			ager.Age(p, intervals, recovering)
			return
		}
	}
}

// algorithm is what places work of a service in a pool, nil when nobody said.
func (r *Router) algorithm(p *cluster.Pool, s cluster.Service) balance.Algorithm {
	policy := r.policy.Load()
	if policy == nil {
		return nil
	}
	place := policy.Pools[p.Name]
	return place.Algorithm(s)
}
