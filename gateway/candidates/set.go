package candidates

import (
	"slices"

	"twinhop/gateway/cluster"
)

// Set is a pool as one message sees it. Each list that it returns is valid
// until the next one is asked for, and may be changed.
type Set struct {
	Pool   *cluster.Pool
	View   *cluster.View // that Pool is of; nil: it is no variant
	Wants  cluster.Service
	Tried  []*cluster.Node     // that this very message was already given to
	Scheme string              // rather those that are reached by this one; "": any
	Needs  *cluster.Needs      // what it takes of its member; nil: nothing
	Holder *cluster.MemberLoad // where it has that already; nil: nowhere
	List   []*cluster.Member
}

// Member returns the member that is the named node, or nil.
func (s *Set) Member(node string) *cluster.Member { return s.Pool.Member(node) }

// Usable tells whether m may serve this very message: what it owns, and not a
// node that the message was already given to, or that has no room for it.
func (s *Set) Usable(m *cluster.Member) bool {
	return m != nil && m.Usable(s.Wants) && !s.WasTried(m.Name) && s.fits(m)
}

// WasTried tells whether the message was given to that node.
func (s *Set) WasTried(node string) bool {
	return slices.ContainsFunc(s.Tried, func(n *cluster.Node) bool { return n.Name == node })
}

// Own is the pool itself, if Pool is a variant of it: the words of a variant
// count for its messages alone.
func (s *Set) Own() *cluster.Pool {
	if s.View != nil {
		if p := s.View.Pool(s.Pool.Name); p != nil {
			return p
		}
	}
	return s.Pool
}

// Elsewhere tells whether a member that a variant of the pool does without may
// own sessions by the words of the pool itself.
func (s *Set) Elsewhere(name string) bool {
	p := s.Own()
	m := p.Member(name)
	return p != s.Pool && m != nil && m.Alive(s.Wants)
}

// New lists the members that may be given something new.
func (s *Set) New() []*cluster.Member {
	if s.Needs != nil {
		s.List = s.roomy()
		return s.List
	}
	s.List = s.Pool.Eligible(s.List[:0], s.Wants, s.Tried)
	return s.List
}

// Instead lists the members that may be given something new and that fit.
// What leaves a member, which may be nil, stays within its version.
func (s *Set) Instead(leaving *cluster.Member, fits func(*cluster.Member) bool) []*cluster.Member {
	list := s.List[:0]
	for _, m := range s.Pool.Members {
		if s.fresh(m) && fits(m) && (leaving == nil || m.Version == leaving.Version) {
			list = append(list, m)
		}
	}
	s.List = nearest(list)
	return s.List
}

// Heir tells whether m may take over what the named node leaves, which may be
// in the pool no more.
func (s *Set) Heir(m, gone *cluster.Member, name string) bool {
	return m.Name != name && s.fresh(m) && (gone == nil || gone.Version == m.Version)
}

func (s *Set) fresh(m *cluster.Member) bool {
	return m.Eligible(s.Wants) && !s.WasTried(m.Name) && (s.Needs == nil || s.fits(m) && !m.Resting(s.Wants))
}

// nearest leaves of a list the members of the smallest distance.
func nearest(list []*cluster.Member) []*cluster.Member {
	near := list[:0]
	for i, m := range list {
		switch {
		case i == 0 || m.Distance == near[0].Distance:
			near = append(near, m)
		case m.Distance < near[0].Distance:
			near = append(near[:0], m)
		}
	}
	return near
}

// Carrying leaves of a list the members that are reached by the scheme that
// the message needs, if there are any.
func (s *Set) Carrying(list []*cluster.Member) []*cluster.Member {
	lacks := func(m *cluster.Member) bool { return m.Addr(s.Wants).Scheme != s.Scheme }
	if s.Scheme == "" || !slices.ContainsFunc(list, func(m *cluster.Member) bool { return !lacks(m) }) {
		return list
	}
	return slices.DeleteFunc(list, lacks)
}

// Forceable lists who may be tried although its traffic failed, for when
// nobody else is left (mod_jk's forced recovery): own, to whom the work
// belongs, else, with others, any.
func (s *Set) Forceable(own *cluster.Member, others bool) []*cluster.Member {
	list := s.List[:0]
	for _, m := range s.Pool.Members {
		if !m.Forceable(s.Wants) || s.WasTried(m.Name) {
			continue
		}
		if m == own {
			list = append(list[:0], m)
			break
		}
		if others && m.Activation == cluster.Active {
			list = append(list, m)
		}
	}
	s.List = nearest(list)
	return s.List
}

// Homes lists the members that a key of a session on owner, or of none, may
// belong to for all protocols at once: they serve everything that the pool
// serves. That they are busy just now does not count, so that the list is the
// same for every message, and on every gateway that knows the same nodes. Nor
// do the words of a variant. With resting those that asked to be left alone for
// a while are among them.
func (s *Set) Homes(owner *cluster.Member, resting bool) []*cluster.Member {
	list := s.List[:0]
	for _, m := range s.Own().Members {
		switch {
		case !s.whole(m, resting) || owner != nil && owner.Version != m.Version:
		case owner == nil && len(list) > 0 && m.Version < list[0].Version:
		case owner == nil && len(list) > 0 && m.Version > list[0].Version:
			list = append(list[:0], m)
		default:
			list = append(list, m)
		}
	}
	s.List = nearest(list)
	return s.List
}

// Takes tells whether m, a home, gets something new although it may have asked
// to be left alone for a while.
func (s *Set) Takes(m *cluster.Member) bool {
	return s.Usable(m) && m.Activation == cluster.Active && (s.Scheme == "" || m.Addr(s.Wants).Scheme == s.Scheme)
}

// whole tells whether nothing keeps m from serving what its pool serves.
func (s *Set) whole(m *cluster.Member, resting bool) bool {
	if m.Activation != cluster.Active {
		return false
	}
	for _, service := range [...]cluster.Service{cluster.HTTP, cluster.SIP} {
		if s.Pool.Serves(service) && (!m.Has(service) || !m.Alive(service) || m.Resting(service) && !resting) {
			return false
		}
	}
	return true
}

// Redirect is the member that gone, which may be nil, names as its
// substitute, if that may serve the message.
func (s *Set) Redirect(gone *cluster.Member) *cluster.Member {
	if gone == nil || gone.Redirect == "" {
		return nil
	}
	if r := s.Pool.Routed(gone.Redirect); s.Usable(r) && r.Version == gone.Version {
		return r
	}
	return nil
}

// HotStandby is a member that is not to get new work, but is the redirect of
// another (mod_jk), for when nobody may get any.
func (s *Set) HotStandby() *cluster.Member {
	for _, m := range s.Pool.Members {
		if r := s.Pool.Routed(m.Redirect); m.Redirect != "" && s.Usable(r) {
			return r
		}
	}
	return nil
}

// Alone tells that the pool has one member, who takes everything.
func (s *Set) Alone() bool { return len(s.Pool.Members) == 1 && s.Pool.Members[0].Eligible(s.Wants) }
